// <bpmn-view src="…/file.bpmn" label="…" marks='{"done": ["a"], "now": ["b"], "found": {"c": "2"}}'>text without script</bpmn-view>
// `crossings` are flows with a state and words: {"flow_1": {"state": "kept", "words": "✓ H5 92%"}}.
// `heat` shades elements: {"task_1": {"level": 3, "words": "4 d", "href": "…"}}; pressing one goes there. `taken` are words
// on flows: {"flow_1": "12"}.
// Marks may also stand in a <script type="application/json"> inside. `now` elements say "you are here" (attribute here="…").
// Elements anywhere on the page with data-element="ID" and the diagram answer each other: pressing one picks the other.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer"

// Where a word on a line is read best: on its last stretch, which it shares with no other, else on the longest.
function middle(points) {
  const stretches = points.slice(1).map((end, place) => [points[place], end])
  const last = stretches.at(-1)
  const longest = stretches.reduce((best, each) => (length(each) > length(best) ? each : best))
  const [start, end] = length(last) < 90 ? longest : last
  return { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 }
}

const hottest = (heat) => Object.keys(heat).sort((one, other) => heat[other].level - heat[one].level)[0]

const length = ([start, end]) => Math.hypot(end.x - start.x, end.y - start.y)

class BpmnView extends HTMLElement {
  async connectedCallback() {
    if (this.viewer) return
    const marks = this.#marks()
    const fallback = [...this.childNodes]
    const canvas = document.createElement("div")
    canvas.className = "canvas"
    canvas.tabIndex = 0
    canvas.setAttribute("role", "group")
    canvas.setAttribute("aria-label", this.getAttribute("label") ?? "")
    this.replaceChildren(canvas)
    this.viewer = new NavigatedViewer({ container: canvas })
    try {
      const answer = await fetch(this.getAttribute("src"))
      if (!answer.ok) throw new Error(answer.status)
      await this.viewer.importXML(await answer.text())
    } catch {
      return this.replaceChildren(...fallback)
    }
    this.#mark(marks)
    this.#fit(marks)
    this.#answerTheList()
    this.#keys(canvas)
    this.dataset.ready = "yes"
  }

  disconnectedCallback() {
    this.viewer?.destroy()
    this.viewer = null
  }

  #marks() {
    const written = this.getAttribute("marks") ?? this.querySelector('script[type="application/json"]')?.textContent
    return { done: [], now: [], found: {}, crossings: {}, heat: {}, taken: {}, ...JSON.parse(written || "{}") }
  }

  #mark({ done, now, found, crossings, heat, taken }) {
    const canvas = this.viewer.get("canvas")
    const known = (id) => this.viewer.get("elementRegistry").get(id)
    for (const id of done) if (known(id)) canvas.addMarker(id, "mark-done")
    for (const id of now) if (known(id)) this.#pin(id, "mark-now", this.getAttribute("here"))
    for (const [id, words] of Object.entries(found))
      if (known(id)) this.#pin(id, "mark-found", words, now.includes(id) ? { right: 14 } : { left: -8 })
    for (const [id, { state, words }] of Object.entries(crossings)) if (known(id)) this.#tag(known(id), state, words)
    for (const [id, { level, words, href }] of Object.entries(heat)) if (known(id)) this.#warm(id, level, words, href)
    for (const [id, words] of Object.entries(taken)) if (known(id)) this.#note(known(id), words)
    this.viewer.on("element.click", ({ element }) => heat[element.id] && window.location.assign(heat[element.id].href))
  }

  // A shade, and its figure as a link to what it counts.
  #warm(id, level, words, href) {
    this.viewer.get("canvas").addMarker(id, `heat-${level}`)
    const pin = document.createElement("a")
    pin.className = `pin pin-heat pin-heat-${level}`
    pin.href = href
    pin.textContent = words
    this.viewer.get("overlays").add(id, { position: { top: -12, left: -8 }, html: pin })
  }

  // A word on the middle of a flow that leads nowhere.
  #note(flow, words) {
    const note = document.createElement("span")
    note.className = "pin pin-taken"
    note.textContent = words
    this.#onto(flow, note)
  }

  #onto(flow, html) {
    const { x, y } = middle(flow.waypoints)
    const left = x - Math.min(...flow.waypoints.map((point) => point.x))
    const top = y - Math.min(...flow.waypoints.map((point) => point.y))
    this.viewer.get("overlays").add(flow, { position: { left, top }, html })
  }

  // A word on the middle of a flow; pressing it picks the flow.
  #tag(flow, state, words) {
    this.viewer.get("canvas").addMarker(flow, `crossing-${state}`)
    const tag = document.createElement("span")
    tag.className = `pin pin-crossing pin-${state}`
    tag.textContent = words
    tag.addEventListener("click", () => this.viewer.get("eventBus").fire("element.click", { element: flow }))
    this.#onto(flow, tag)
  }

  #pin(id, marker, words, beside = { left: -8 }) {
    this.viewer.get("canvas").addMarker(id, marker)
    if (!words) return
    const pin = document.createElement("span")
    pin.className = "pin"
    pin.textContent = words
    this.viewer.get("overlays").add(id, { position: { top: -10, ...beside }, html: pin })
  }

  // The whole drawing if it stays readable, else the place where the token is, the hottest step, or the first crossing.
  #fit({ now, crossings, heat }) {
    const canvas = this.viewer.get("canvas")
    canvas.zoom("fit-viewport", "auto")
    this.#hug(canvas)
    if (canvas.zoom() >= 0.55) return
    canvas.zoom(0.7)
    const here = this.viewer.get("elementRegistry").get(now[0] ?? hottest(heat) ?? Object.keys(crossings)[0])
    if (here) canvas.scrollToElement(here, 80)
    else {
      const { inner } = canvas.viewbox()
      canvas.viewbox({ ...canvas.viewbox(), x: inner.x - 24, y: inner.y - 24 })
    }
  }

  // A wide drawing leaves no empty band below it; a page that gives the drawing all its height keeps it.
  #hug(canvas) {
    const { inner, outer } = canvas.viewbox()
    const needed = Math.ceil(inner.height * Math.max(canvas.zoom(), canvas.zoom() < 0.55 ? 0.7 : 0)) + 56
    if (this.closest(".fill, .diagram-pane") || needed >= outer.height) return
    this.style.height = `${Math.max(needed, 220)}px`
    canvas.resized()
    canvas.zoom("fit-viewport", "auto")
  }

  pick(id) {
    const canvas = this.viewer.get("canvas")
    const element = this.viewer.get("elementRegistry").get(id)
    if (this.picked) canvas.removeMarker(this.picked, "mark-picked")
    this.picked = element ? id : null
    if (!element) return
    canvas.addMarker(id, "mark-picked")
    canvas.scrollToElement(element, 80)
  }

  #answerTheList() {
    const listed = () => [...document.querySelectorAll("[data-element]")]
    const show = (id) => {
      for (const item of listed())
        if (item.dataset.element === id) item.setAttribute("aria-current", "true")
        else item.removeAttribute("aria-current")
    }
    this.viewer.on("element.click", ({ element }) => {
      const item = listed().find(({ dataset }) => dataset.element === element.id)
      if (!item) return
      this.pick(element.id)
      show(element.id)
      item.scrollIntoView({ block: "nearest" })
    })
    for (const item of listed())
      item.addEventListener("click", () => {
        this.pick(item.dataset.element)
        show(item.dataset.element)
      })
  }

  #keys(canvas) {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }
    canvas.addEventListener("keydown", (event) => {
      const view = this.viewer.get("canvas")
      const step = steps[event.key]
      if (step) view.scroll({ dx: step[0], dy: step[1] })
      else if (event.key === "+") view.zoom(view.zoom() * 1.2)
      else if (event.key === "-") view.zoom(view.zoom() / 1.2)
      else if (event.key === "0") view.zoom("fit-viewport", "auto")
      else return
      event.preventDefault()
    })
  }
}

customElements.define("bpmn-view", BpmnView)
