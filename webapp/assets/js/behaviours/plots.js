// A picture is one stop of the Tab key: arrows lead from mark to mark, Home and End to the first and the last. Without
// this file every mark is a stop of its own.
const MARKS = "a[href]"
const AHEAD = {
  ArrowRight: (x, y) => [x, y],
  ArrowLeft: (x, y) => [-x, y],
  ArrowDown: (x, y) => [y, x],
  ArrowUp: (x, y) => [-y, x],
}

const marksOf = (plot) => [...plot.querySelectorAll(MARKS)]

function stopAt(plot, mark) {
  for (const each of marksOf(plot)) each.setAttribute("tabindex", each === mark ? "0" : "-1")
}

function middle(mark) {
  const box = mark.getBoundingClientRect()
  return [box.x + box.width / 2, box.y + box.height / 2]
}

// The nearest mark that way; one that lies aside counts as farther than one straight ahead.
function nearest(marks, from, turn) {
  const [x, y] = middle(from)
  let found, least = Infinity
  for (const mark of marks) {
    const [there, aside] = turn(...middle(mark).map((each, axis) => each - [x, y][axis]))
    const far = there + 3 * Math.abs(aside)
    if (mark !== from && there > 1 && far < least) [found, least] = [mark, far]
  }
  return found
}

for (const plot of document.querySelectorAll("svg.plot[role=group]")) stopAt(plot, plot.querySelector(MARKS))

document.addEventListener("focusin", (event) => {
  const plot = event.target.closest("svg.plot[role=group]")
  if (plot && event.target.matches(MARKS)) stopAt(plot, event.target)
})

document.addEventListener("keydown", (event) => {
  const plot = event.target.closest("svg.plot[role=group]")
  if (!plot || event.ctrlKey || event.metaKey || event.altKey) return
  const marks = marksOf(plot)
  const turn = AHEAD[event.key]
  const mark = turn ? nearest(marks, event.target, turn) : event.key === "Home" ? marks[0] : event.key === "End" && marks.at(-1)
  if (!turn && !mark) return
  event.preventDefault()
  mark?.focus()
})
