// A toast leaves after eight seconds, unless somebody is at it or asked for less motion and more time.
const STAYS = 8000

for (const toast of document.querySelectorAll(".toast-c"))
  setTimeout(function leave() {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, STAYS)
    else toast.remove()
  }, STAYS)
