// In a form with data-resubmit, changing a field with data-now asks the server at once what comes after it, and the
// answer puts the cursor back there. Without this file the form's own button does.
document.addEventListener("change", ({ target }) => {
  const form = target.closest("form[data-resubmit]")
  if (!form || !target.matches("[data-now]")) return

  const refresh = form.querySelector("[data-refresh]")
  refresh.value = `refresh:${target.name}`
  form.requestSubmit(refresh)
})
