"""Findings about what other tools write into files, and about what a rehearsal of the diagram brought to light."""

from engine.process.doctor.catalogue.entry import Entry, asks, hints, mends, refuses, warns

ENTRIES: dict[str, Entry] = {
    "X17": hints(
        "Plik „%(file)s” odbiega od schematu BPMN 2.0 w %(count)s miejscach, najpierw w wierszu %(line)s: %(reason)s.",
        "The file “%(file)s” departs from the BPMN 2.0 schema in %(count)s places, first in line %(line)s: %(reason)s.",
        "Nic nie trzeba robić: plik udało się odczytać, ale inne narzędzia mogą go nie przyjąć.",
        "Nothing has to be done: the file could be read, but other tools may not take it.",
    ),
    "X18": asks(
        "W pliku „%(file)s” jest element „%(kind)s” (%(id)s), którego silnik w tym miejscu nie zna.",
        "The file “%(file)s” has an element “%(kind)s” (%(id)s) that the engine does not know at this place.",
        "Element zostanie pominięty.",
        "The element is left out.",
    ),
    "X19": mends(
        "Plik „%(file)s” używa niezadeklarowanych przedrostków: %(names)s.",
        "The file “%(file)s” uses prefixes that are not declared: %(names)s.",
        "Oznaczone nimi miejsca potraktowano jak rozszerzenia innego narzędzia.",
        "What they mark was taken for extensions of another tool.",
    ),
    "X26": mends(
        "Plik „%(file)s” podaje przestrzeń nazw, która nie jest poprawnym adresem.",
        "The file “%(file)s” gives a namespace that is not a valid address.",
        "Odczytano ją tak, jak jest zapisana.",
        "It was read as it is written.",
    ),
    "X20": mends(
        "Plik „%(file)s” jest zapisany według wstępnej wersji BPMN 2.0 (%(namespace)s).",
        "The file “%(file)s” follows a draft of BPMN 2.0 (%(namespace)s).",
        "Odczytano go jak BPMN 2.0.",
        "It was read as BPMN 2.0.",
    ),
    "X21": refuses(
        "W pliku „%(file)s” jest %(kind)s (%(names)s) i nie ma żadnego procesu.",
        "The file “%(file)s” has a %(kind)s (%(names)s) and no process.",
        "Choreografii i konwersacji nikt nie wykonuje: narysuj proces jednej ze stron.",
        "Nobody runs choreographies and conversations: draw the process of one of the parties.",
    ),
    "X22": refuses(
        "W pliku „%(file)s” jest za dużo kroków: więcej niż %(most)s.",
        "The file “%(file)s” has too many steps: more than %(most)s.",
        "Podziel diagram na procesy, które się wywołują.",
        "Split the diagram into processes that call each other.",
    ),
    "X23": warns(
        "Wiadomość między basenami „%(name)s” nie prowadzi od nikogo lub do nikogo.",
        "The message between pools “%(name)s” leads from nobody or to nobody.",
        "Zostaje na rysunku, silnik jej nie przekazuje.",
        "It stays in the drawing; the engine does not pass it on.",
    ),
    "X24": mends(
        "%(it)s wywołuje zadanie globalne „%(called)s”.",
        "%(it)s calls the global task “%(called)s”.",
        "Wykonuje się w tym miejscu, jak zwykłe zadanie tego rodzaju.",
        "It is done at this place, like an ordinary task of that type.",
    ),
    "X25": hints(
        "Zadania globalnego „%(name)s” (%(id)s) nikt tu nie wywołuje.",
        "The global task “%(name)s” (%(id)s) is called by nobody here.",
        "Zostaje jako dokumentacja.",
        "It is kept as documentation.",
    ),
    "W01": asks(
        "%(it)s i inne bramki (%(names)s) czekają na siebie nawzajem: żadna nie ruszy.",
        "%(it)s and other gateways (%(names)s) wait for each other: none of them goes on.",
        "Bramka przestanie czekać: przepuści każdą drogę z osobna.",
        "The gateway stops waiting and lets each way through by itself.",
    ),
    "W02": hints(
        "Do %(at)s prowadzi kilka dróg, które ruszyły naraz i wcześniej się nie schodzą.",
        "Several ways that started at once lead to %(at)s and do not meet before.",
        "Krok wykona się osobno dla każdej z nich; jeśli ma być raz, wstaw przed nim bramkę równoległą.",
        "The step is done for each of them; for once only, put a parallel gateway before it.",
    ),
    "W03": asks(
        "%(it)s ma zajść dopiero po kilku rzeczach, a na brzegu kroku wszystkich naraz czekać się nie da.",
        "%(it)s is to happen after several things, and on the border of a step all of them cannot be waited for.",
        "Wystarczy pierwsza z nich.",
        "The first of them is enough.",
    ),
}
