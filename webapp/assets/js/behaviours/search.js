// <select data-search> is searched by typing, on pages that have one. Without this file it stays a plain list.
async function dress(within) {
  const selects = within.querySelectorAll("select[data-search]:not(.tomselected)")
  if (!selects.length) return
  const { default: search } = await import("../parts/select.js")
  for (const select of selects) if (!select.tomselect) search(select)
}

dress(document)
for (const event of ["fields:fresh", "htmx:after:swap"]) document.addEventListener(event, () => dress(document))
