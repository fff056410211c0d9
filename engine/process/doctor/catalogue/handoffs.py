"""Findings about work that passes from one department to another."""

from engine.process.doctor.catalogue.entry import Entry, hints, warns

ENTRIES: dict[str, Entry] = {
    "H01": hints(
        "Przekazanie pracy do kroku %(title)s (%(consumer)s → %(provider)s) nie ma ustalenia.",
        "The hand-off to %(title)s (%(consumer)s → %(provider)s) has no agreement.",
        "Po wdrożeniu powiąż je z ustaleniem na stronie „Przekazania” procesu albo napisz tam, dlaczego go nie trzeba;"
        " można też dodać do kroku właściwość handoff z kodem ustalenia.",
        "Once deployed, bind it to an agreement on the page “Hand-offs” of the process, or say there why none is needed;"
        " or give the step the property handoff with the code of an agreement.",
    ),
    "H02": warns(
        "Nie ma już strzałki do kroku %(title)s, o której postanowiono: %(words)s.",
        "The flow to %(title)s is gone, about which it was decided: %(words)s.",
        "Zachowaj na diagramie identyfikator strzałki (%(flow)s) albo po wdrożeniu postanów to samo o tej, która ją zastępuje.",
        "Keep the id of the flow (%(flow)s) in the diagram, or once deployed decide the same about the one in its place.",
    ),
    "H03": warns(
        "Strzałka do kroku %(title)s nie jest już przekazaniem do innego działu, a postanowiono o niej: %(words)s.",
        "The flow to %(title)s is no hand-off to another department any more, and about it was decided: %(words)s.",
        "Po wdrożeniu to postanowienie nic już nie znaczy. Jeśli krok jest nie w tym torze, popraw to na diagramie.",
        "Once deployed, that decision means nothing any more. If a step is in the wrong lane, correct the diagram.",
    ),
    "H04": warns(
        "Przy kroku %(title)s spotykają się teraz inne działy (%(consumer)s → %(provider)s) niż w tym, co postanowiono:"
        " %(words)s.",
        "Other departments meet at %(title)s now (%(consumer)s → %(provider)s) than in what was decided: %(words)s.",
        "Po wdrożeniu powiąż tę strzałkę z ustaleniem między tymi działami.",
        "Once deployed, bind the flow to an agreement between these departments.",
    ),
}
