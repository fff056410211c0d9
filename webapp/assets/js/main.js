// Every page. HTML works without any of this.
import htmx from "htmx.org"
import "every:behaviours"

window.htmx = htmx
