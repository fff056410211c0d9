// An open menu (details.menu) closes on Escape, on a click elsewhere, and when another opens.
const openMenus = () => document.querySelectorAll("details.menu[open]")

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false
})

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return
  for (const menu of openMenus()) {
    menu.open = false
    menu.querySelector("summary").focus()
  }
})
