// <ol data-board="STAGE"> columns whose cards may be dragged. A drop asks exactly what the card's "move to…" link or
// form asks without dragging: the card's [data-move] form is filled with the stage and sent.
//   <li data-card><form data-move method="post" action="…"><input type="hidden" name="to">…</form></li>
import Sortable from "sortablejs"

const live = document.createElement("p")
live.className = "sr"
live.setAttribute("role", "status")
document.body.append(live)

function dropped({ item, from, to, oldDraggableIndex }) {
  if (from === to) return
  const form = item.querySelector("form[data-move]")
  from.insertBefore(item, from.querySelectorAll("[data-card]")[oldDraggableIndex] ?? null)
  if (!form) return
  live.textContent = to.dataset.says ?? to.dataset.board
  form.elements.to.value = to.dataset.board
  form.requestSubmit()
}

for (const column of document.querySelectorAll("[data-board]"))
  Sortable.create(column, {
    group: "board",
    draggable: "[data-card]",
    filter: "a, button, input, select, summary",
    preventOnFilter: false,
    sort: false,
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
    ghostClass: "ghost",
    dragClass: "lifted",
    delay: 180,
    delayOnTouchOnly: true,
    onMove: ({ to }) => {
      for (const each of document.querySelectorAll(".board-col.over")) each.classList.remove("over")
      to.closest(".board-col")?.classList.add("over")
    },
    onEnd: (event) => {
      for (const each of document.querySelectorAll(".board-col.over")) each.classList.remove("over")
      dropped(event)
    },
  })
