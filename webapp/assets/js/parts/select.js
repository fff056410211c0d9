// <select data-search> becomes a list that is searched by typing. Loaded by behaviours/search.js where there is one.
import TomSelect from "tom-select/base"

export default (select) => new TomSelect(select, { maxOptions: 200, render: { no_results: () => null } })
