// What is typed in a form, without files: they are sent once, with the form itself.
export function typed(form) {
  const found = new FormData()
  for (const [name, value] of new FormData(form)) if (typeof value === "string") found.append(name, value)
  return found
}
