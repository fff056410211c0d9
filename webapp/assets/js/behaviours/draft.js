// A form with data-draft keeps what is typed: a moment after the last key, and when the page is left, it is posted
// there as a draft. Without this file “Save the draft” does the same with a button.
import { typed } from "../parts/typed.js"

const waiting = new Map()

async function save(form) {
  clearTimeout(waiting.get(form))
  waiting.delete(form)
  const sent = { method: "POST", body: typed(form), headers: { "X-Draft": "1" }, keepalive: true }
  const answer = await fetch(form.dataset.draft, sent).catch(() => null)
  const shown = document.getElementById("draft")
  if (answer?.ok && !answer.redirected) shown?.replaceWith(parsed(await answer.text()))
  else if (shown) shown.textContent = shown.dataset.lost
}

const parsed = (html) => document.adoptNode(new DOMParser().parseFromString(html, "text/html").body.firstElementChild)

document.addEventListener("input", ({ target }) => {
  const form = target.form
  if (!form?.dataset.draft) return

  clearTimeout(waiting.get(form))
  waiting.set(form, setTimeout(save, 1500, form))
})

// What is sent for good needs no draft; what is left unsent does.
document.addEventListener("submit", ({ target }) => {
  clearTimeout(waiting.get(target))
  waiting.delete(target)
})
addEventListener("pagehide", () => waiting.forEach((_, form) => save(form)))
