// A control that says data-go sends its form when it changes: filters, language. The button beside it is for no script.
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-go]")?.form ?? event.target.closest("form[data-go]")
  form?.requestSubmit()
})
