"""Findings about files, processes, ids, lanes, the ladder and what a diagram refers to."""

from engine.process.doctor.catalogue.entry import Entry, asks, hints, mends, offers, refuses, warns

ENTRIES: dict[str, Entry] = {
    # files
    "X01": refuses(
        "Plik „%(file)s” nie jest poprawnym XML: %(reason)s.",
        "The file “%(file)s” is not well-formed XML: %(reason)s.",
        "Wyeksportuj diagram jeszcze raz jako BPMN 2.0 (XML).",
        "Export the diagram again as BPMN 2.0 (XML).",
    ),
    "X02": refuses(
        "Plik „%(file)s” nie jest diagramem BPMN 2.0: zaczyna się od „%(root)s”.",
        "The file “%(file)s” is not a BPMN 2.0 diagram: it starts with “%(root)s”.",
        "Wgraj plik, którego głównym elementem jest bpmn:definitions.",
        "Upload a file whose root element is bpmn:definitions.",
    ),
    "X03": refuses(
        "Plik „%(file)s” zawiera deklarację DOCTYPE, a tych ze względów bezpieczeństwa nie czytamy.",
        "The file “%(file)s” has a DOCTYPE declaration, which is not read for safety's sake.",
        "Usuń linię <!DOCTYPE …> i wgraj plik ponownie.",
        "Remove the <!DOCTYPE …> line and upload the file again.",
    ),
    "X04": refuses(
        "Plik „%(file)s” ma %(size)s MB, a największy dopuszczalny rozmiar to 2 MB.",
        "The file “%(file)s” has %(size)s MB; the largest allowed size is 2 MB.",
        "Podziel diagram na procesy, które się wywołują.",
        "Split the diagram into processes that call each other.",
    ),
    "X05": refuses(
        "Plik „%(file)s” ma za dużo elementów: więcej niż %(most)s.",
        "The file “%(file)s” has too many elements: more than %(most)s.",
        "Podziel diagram na procesy, które się wywołują.",
        "Split the diagram into processes that call each other.",
    ),
    "X06": refuses(
        "Plik „%(file)s” zawiera zbyt długi tekst w elemencie „%(element_name)s”: ponad %(most)s znaków.",
        "The file “%(file)s” has too long a text in “%(element_name)s”: more than %(most)s characters.",
        "Skróć tekst albo przenieś go do dokumentu.",
        "Shorten the text or move it into a document.",
    ),
    "X07": refuses(
        "W pliku „%(file)s” nie ma żadnego procesu.",
        "There is no process in the file “%(file)s”.",
        "Narysuj proces: zdarzenie początkowe, kroki, zdarzenie końcowe.",
        "Draw a process: a start event, steps, an end event.",
    ),
    "X08": refuses(
        "Żaden z procesów nie zawiera ani jednego kroku.",
        "None of the processes has a single step.",
        "Narysuj przynajmniej jeden krok.",
        "Draw at least one step.",
    ),
    "X09": refuses(
        "Nie wiadomo, co zrobić z plikiem „%(file)s”: przyjmujemy diagramy .bpmn, tabele .dmn i formularze .json.",
        "The file “%(file)s” is of an unknown kind: diagrams .bpmn, tables .dmn and forms .json are taken.",
        "Usuń ten plik albo zmień jego rozszerzenie.",
        "Leave the file out or correct its extension.",
    ),
    "X10": refuses(
        "Formularz „%(file)s” jest niepoprawny: %(reason)s.",
        "The form “%(file)s” is not valid: %(reason)s.",
        "Popraw formularz i wgraj go ponownie.",
        "Correct the form and upload it again.",
    ),
    "X11": refuses(
        "Tabela decyzyjna „%(file)s” jest niepoprawna: %(reason)s.",
        "The decision table “%(file)s” is not valid: %(reason)s.",
        "Popraw tabelę i wgraj ją ponownie.",
        "Correct the table and upload it again.",
    ),
    "X12": mends(
        "Plik „%(file)s” podaje złe kodowanie znaków.",
        "The file “%(file)s” declares the wrong character encoding.",
        "Odczytano go jako %(encoding)s.",
        "It was read as %(encoding)s.",
    ),
    "X13": refuses(
        "Elementy w pliku „%(file)s” są zagnieżdżone zbyt głęboko: więcej niż %(most)s poziomów.",
        "The elements in the file “%(file)s” are nested too deeply: more than %(most)s levels.",
        "Rozdziel podprocesy na osobne procesy.",
        "Turn inner sub-processes into processes of their own.",
    ),
    "X14": refuses(
        "Proces „%(name)s” jest w dwóch plikach: „%(file)s” i „%(other)s”.",
        "The process “%(name)s” is in two files: “%(file)s” and “%(other)s”.",
        "Wgraj go tylko raz albo zmień identyfikator jednego z nich.",
        "Upload it only once, or change the id of one of them.",
    ),
    "X15": refuses(
        "Silnik nie potrafi wczytać diagramu: %(at)s – %(reason)s.",
        "The engine cannot read the diagram: %(at)s – %(reason)s.",
        "Narysuj to miejsce inaczej, prościej.",
        "Draw this place in another, simpler way.",
    ),
    "X16": refuses(
        "Nie wgrano żadnego diagramu.",
        "No diagram was uploaded.",
        "Wybierz przynajmniej jeden plik .bpmn.",
        "Choose at least one .bpmn file.",
    ),
    # processes and pools
    "P01": mends(
        "%(it)s nie jest oznaczony jako wykonywalny.",
        "%(it)s is not marked executable.",
        "Oznaczono go jako wykonywalny.",
        "It was marked executable.",
    ),
    "P02": hints(
        "Basen „%(pool)s” jest pusty: to strona zewnętrzna, której nikt tu nie prowadzi.",
        "The pool “%(pool)s” is empty: an outside party that nobody runs here.",
        "Zostaje na rysunku, silnik go pomija.",
        "It stays in the drawing; the engine leaves it out.",
    ),
    "P03": hints(
        "%(it)s nie ma kroków.",
        "%(it)s has no steps.",
        "Zostaje na rysunku, silnik go pomija.",
        "It stays in the drawing; the engine leaves it out.",
    ),
    "P04": hints(
        "%(it)s nie jest wywoływany przez proces główny, więc to wdrożenie go nie uruchamia.",
        "%(it)s is not called by the main process, so this deployment does not start it.",
        "Wdróż ten plik jeszcze raz z tym procesem jako głównym, jeśli ma działać.",
        "Deploy the file once more with this process as the main one if it should run.",
    ),
    "P05": asks(
        "Jest kilka procesów, których nikt nie wywołuje: %(names)s. Nie wiadomo, który jest główny.",
        "Several processes are called by nobody: %(names)s. It is not clear which one is the main one.",
        "Głównym zostanie „%(chosen)s”; można wskazać inny.",
        "“%(chosen)s” becomes the main one; another can be chosen.",
    ),
    "P06": refuses(
        "W plikach nie ma procesu „%(wanted)s”.",
        "There is no process “%(wanted)s” in the files.",
        "Wybierz jeden z: %(names)s.",
        "Choose one of: %(names)s.",
    ),
    "P07": warns(
        "Plik „%(file)s” zawiera choreografię lub konwersację, a tych silnik nie wykonuje.",
        "The file “%(file)s” has a choreography or conversation, which the engine does not run.",
        "Zostają jako dokumentacja.",
        "They are kept as documentation.",
    ),
    "P08": asks(
        "Zwykłe strzałki łączą procesy: %(names)s; strzałka nigdy nie wychodzi poza swój proces.",
        "Ordinary flows join the processes %(names)s; a flow never leaves its process.",
        "Staną się jednym procesem, a baseny – torami.",
        "They become one process, and the pools become lanes.",
    ),
    "K01": hints(
        "%(it)s ma obiekty lub magazyny danych: %(names)s.",
        "%(it)s has data objects or stores: %(names)s.",
        "Zostają jako dokumentacja; dane noszą formularze i zmienne.",
        "They are kept as documentation; forms and variables carry the data.",
    ),
    "K02": hints(
        "%(it)s ma ustawienia innego narzędzia: %(names)s.",
        "%(it)s has settings of another tool: %(names)s.",
        "Zostają jako dokumentacja.",
        "They are kept as documentation.",
    ),
    "K03": hints(
        "%(it)s ma klucze korelacji wiadomości, których wartości nie da się odczytać: %(names)s.",
        "%(it)s has message correlation keys whose values cannot be read: %(names)s.",
        "Są pomijane: wiadomość trafia do sprawy o podanym numerze.",
        "They are left out: a message goes to the case whose business key it names.",
    ),
    # ids
    "I01": mends(
        "%(it)s nie ma identyfikatora.",
        "%(it)s has no id.",
        "Nadano własny; na rysunku nie da się wskazać tego elementu.",
        "One was given; the element cannot be pointed at in the drawing.",
    ),
    "I02": asks(
        "%(it)s ma identyfikator „%(id)s”, zastrzeżony dla silnika.",
        "%(it)s has the id “%(id)s”, which is reserved for the engine.",
        "Element dostanie inny identyfikator.",
        "The element gets another id.",
    ),
    "I03": asks(
        "%(it)s ma niedozwolony identyfikator „%(id)s”.",
        "%(it)s has an id that is not allowed: “%(id)s”.",
        "Element dostanie inny identyfikator.",
        "The element gets another id.",
    ),
    "I04": asks(
        "%(it)s ma identyfikator „%(id)s”, który nosi już inny element.",
        "%(it)s has the id “%(id)s”, which another element has already.",
        "Ten drugi dostanie inny identyfikator; strzałki prowadzą do pierwszego.",
        "The second one gets another id; flows lead to the first.",
    ),
    # lanes
    "L01": asks(
        "%(it)s nie odpowiada żadnemu działowi, a są w nim zadania dla ludzi.",
        "%(it)s matches no department, and there are tasks for people in it.",
        "Te zadania będzie mógł podjąć każdy; można też wskazać dział.",
        "Everybody may claim these tasks; a department can be chosen instead.",
    ),
    "L02": asks(
        "%(it)s wskazuje „%(audience)s”, a czegoś takiego nie ma.",
        "%(it)s names “%(audience)s”, which does not exist.",
        "Zadania z tego toru będzie mógł podjąć każdy; można też wskazać dział.",
        "Everybody may claim the tasks of this lane; a department can be chosen instead.",
    ),
    "L03": hints(
        "%(it)s nie ma torów: zadania może podjąć każdy.",
        "%(it)s has no lanes: everybody may claim its tasks.",
        "Narysuj tory nazwane jak działy, jeśli praca ma trafiać do działów.",
        "Draw lanes named like departments if the work should go to departments.",
    ),
    "L04": warns(
        "%(it)s to zadanie dla człowieka w torze systemu: mógłby je podjąć każdy.",
        "%(it)s is a user task in a lane of the system: everybody could claim it.",
        "Przenieś je do toru działu.",
        "Move it to the lane of a department.",
    ),
    "L05": hints(
        "%(it)s leży poza torami: może je podjąć każdy.",
        "%(it)s lies outside the lanes: everybody may claim it.",
        "Przesuń krok na tor działu.",
        "Move the step into the lane of a department.",
    ),
    # what a diagram refers to
    "Q01": asks(
        "%(it)s używa formularza „%(form)s”, którego nie ma wśród plików.",
        "%(it)s uses the form “%(form)s”, which is not among the files.",
        "Krok zostanie bez formularza.",
        "The step goes without a form.",
    ),
    "Q02": warns(
        "%(it)s powołuje się na porozumienie „%(agreement)s”, którego jeszcze nie ma.",
        "%(it)s refers to the agreement “%(agreement)s”, which does not exist yet.",
        "Zaproponuj je w Porozumieniach; do tego czasu zadanie działa bez obietnicy.",
        "Propose it under Agreements; until then the task works without a promise.",
    ),
    "Q03": refuses(
        "%(it)s: wyrażenia „%(expression)s” (%(where)s) nie da się policzyć: %(reason)s.",
        "%(it)s: the expression “%(expression)s” (%(where)s) cannot be evaluated: %(reason)s.",
        "Zapisz je jako proste porównanie lub działanie.",
        "Write it as a simple comparison or calculation.",
    ),
    "Q04": warns(
        "%(it)s czyta „%(names)s” (%(where)s), a nic w plikach nie nadaje temu wartości.",
        "%(it)s reads “%(names)s” (%(where)s), and nothing in the files gives it a value.",
        "Dodaj pole do formularza albo wymień nazwę we właściwości procesu „keeps”.",
        "Add a field to a form, or list the name in the process property “keeps”.",
    ),
    "Q05": warns(
        "%(it)s ma właściwość „%(property)s” o niezrozumiałej wartości „%(value)s”.",
        "%(it)s has the property “%(property)s” with the value “%(value)s”, which is not understood.",
        "Popraw wartość; teraz jest pomijana.",
        "Correct the value; it is left out for now.",
    ),
    "Q06": hints(
        "%(it)s zachowuje w danych sprawy: %(names)s.",
        "%(it)s keeps in the data of a case: %(names)s.",
        "Innych odpowiedzi szukaj w historii i w kartotekach.",
        "Find all other answers in the history and the records.",
    ),
    # the ladder
    "Z01": warns(
        "Szczeble drabiny „%(one)s” i „%(other)s” mają tę samą pozycję %(order)s.",
        "The stages “%(one)s” and “%(other)s” have the same position %(order)s.",
        "Nadaj każdemu szczeblowi inną pozycję (stage:order).",
        "Give each stage its own position (stage:order).",
    ),
    "Z02": warns(
        "W drabinie brakuje pozycji %(gap)s.",
        "The ladder has no position %(gap)s.",
        "Ponumeruj szczeble kolejno (stage:order).",
        "Number the stages in order (stage:order).",
    ),
    "Z03": warns(
        "Szczebel „%(one)s” nie ma pozycji; przyjęto %(order)s.",
        "The stage “%(one)s” has no position; %(order)s is assumed.",
        "Dodaj właściwość stage:order.",
        "Add the property stage:order.",
    ),
    "Z04": offers(
        "%(it)s wchodzi na szczebel „%(one)s” z innym opisem niż poprzednie wejście.",
        "%(it)s enters the stage “%(one)s” with another description than the entrance before.",
        "Obowiązuje pierwszy opis.",
        "The first description counts.",
    ),
}
