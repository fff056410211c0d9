// <select data-search> becomes a list that is searched by typing. Loaded by behaviours/search.js where there is one.
import TomSelect from "tom-select/base"

export default function search(select) {
  new TomSelect(select, { maxOptions: 200, render: { no_results: () => null } })
  select.setAttribute("aria-hidden", "true") // its label now names the list that took its place
}
