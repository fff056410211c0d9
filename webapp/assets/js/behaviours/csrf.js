// A request that htmx sends without a form (hx-delete, hx-post on a button) carries the CSRF token of the page.
document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content
  if (token) event.detail.ctx.request.headers["X-CSRFToken"] = token
})
