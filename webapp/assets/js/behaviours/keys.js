// Letters for those who work all day: data-key on a link follows it; in a list with data-walk, j and k go down and up,
// Enter opens. Never while something is being typed. Without this file everything is a Tab away.
const typing = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], bpmn-view"

function walk(step) {
  const links = [...document.querySelectorAll("[data-walk] a.what")]
  const focused = links.indexOf(document.activeElement)
  const current = links.findIndex((link) => link.hasAttribute("aria-current"))
  const at = focused >= 0 ? focused : current
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus()
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest(typing) || event.ctrlKey || event.metaKey || event.altKey) return

  if (event.key === "j") walk(1)
  else if (event.key === "k") walk(-1)
  else document.querySelector(`a[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click()
})
