// Changing a field that others depend on (data-decides) asks the server what the form looks like now: fields appear,
// go, or are worked out. Nothing is sent for good. Without this file the answer comes with the refusal of the form.
import { typed } from "../parts/typed.js"
import { ready } from "./lines.js"

const newest = new WeakMap()
const named = (field) => `${field.name}=${/radio|checkbox/.test(field.type) ? field.value : ""}`

// What was typed while the server was thinking stays as it is in the browser; so does the cursor.
function carryOver(old, fresh) {
  const there = new Map([...fresh.querySelectorAll("[name]")].map((field) => [named(field), field]))
  for (const field of old.querySelectorAll("[name]")) {
    const next = there.get(named(field))
    if (!next) continue
    if (field.type === "file") next.replaceWith(field) // a chosen file cannot be copied, only carried
    else if (field.type === "hidden" && next.type === "file") continue
    else if ("checked" in field) next.checked = field.checked
    if (!/radio|checkbox|file/.test(field.type)) next.value = field.value
  }
  const at = document.activeElement
  return old.contains(at) && at.name ? () => there.get(named(at))?.focus() : () => {}
}

async function refresh(form) {
  const asked = Symbol("asked")
  newest.set(form, asked)
  const answer = await fetch(form.action, { method: "POST", body: typed(form), headers: { "X-Fields": "1" } })
  const text = await answer.text()
  if (!answer.ok || newest.get(form) !== asked) return
  const page = new DOMParser().parseFromString(text, "text/html")
  const [old, fresh] = [form, page].map((each) => each.querySelector("[data-fields]"))
  if (!old || !fresh) return
  const focus = carryOver(old, fresh)
  old.replaceWith(fresh)
  ready(fresh)
  focus()
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form")
  if (form && event.target.matches("[data-decides]") && form.querySelector("[data-fields]")) refresh(form)
})
