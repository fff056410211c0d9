// In a form with data-resubmit, changing a field with data-now asks the server at once what comes after it.
// Without this file the form's own button does.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-resubmit]")
  if (form && event.target.matches("[data-now]")) form.requestSubmit(form.querySelector("[data-refresh]"))
})
