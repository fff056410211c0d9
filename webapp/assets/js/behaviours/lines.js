// Rows of a typed table (fieldset[data-lines]): add one, take one away. Without script the server offers spare rows.
function renumber(fieldset) {
  fieldset.querySelectorAll("tbody tr").forEach((row, at) => {
    for (const field of row.querySelectorAll("[name]")) {
      field.name = field.name.replace(/-\d+-/, `-${at}-`)
      field.id = `f-${field.name}`
    }
  })
}

function add(fieldset) {
  const rows = fieldset.querySelectorAll("tbody tr")
  const fresh = rows[rows.length - 1].cloneNode(true)
  for (const field of fresh.querySelectorAll("[name]")) {
    if (field.type === "checkbox") field.checked = false
    else field.value = ""
    field.removeAttribute("aria-invalid")
  }
  rows[rows.length - 1].after(fresh)
  renumber(fieldset)
  fresh.querySelector("[name]").focus()
}

function remove(fieldset, row) {
  if (fieldset.querySelectorAll("tbody tr").length === 1) add(fieldset)
  row.remove()
  renumber(fieldset)
  fieldset.dispatchEvent(new Event("input", { bubbles: true })) // what is typed has changed
}

document.addEventListener("click", (event) => {
  const fieldset = event.target.closest("fieldset[data-lines]")
  if (!fieldset) return
  if (event.target.closest("[data-add]")) add(fieldset)
  const gone = event.target.closest("[data-remove]")
  if (gone) remove(fieldset, gone.closest("tr"))
})

// The buttons are there only with this file; spare rows are there only without it.
export function ready(within) {
  for (const button of within.querySelectorAll("fieldset[data-lines] button[hidden]")) button.hidden = false
  within.dispatchEvent(new CustomEvent("fields:fresh", { bubbles: true }))
}
ready(document)
