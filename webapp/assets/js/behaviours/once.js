// A form is sent once: a second press before the answer changes nothing. htmx forms look after themselves.
document.addEventListener("submit", (event) => {
  const form = event.target
  if (form.method !== "post" || event.defaultPrevented) return
  if (form.dataset.sent) return event.preventDefault()
  form.dataset.sent = "yes"
  setTimeout(() => delete form.dataset.sent, 5000) // an answer that is a download leaves the page as it is
})

// Coming back with the browser's arrow, the form may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent
})
