"""Findings about tasks, sub-processes, events, times and messages."""

from engine.process.doctor.catalogue.entry import Entry, asks, hints, mends

_TO_PERSON_PL, _TO_PERSON_EN = "Stanie się zadaniem dla człowieka.", "It becomes a user task."

ENTRIES: dict[str, Entry] = {
    "A01": asks(
        "%(it)s jest krokiem bez rodzaju: nie wiadomo, kto lub co go wykonuje.",
        "%(it)s is a step without a type: it does not say who or what does it.",
        _TO_PERSON_PL,
        _TO_PERSON_EN,
    ),
    "A02": asks(
        "%(it)s jest zadaniem usługowym, które nie nazywa łącznika.",
        "%(it)s is a service task that names no connector.",
        _TO_PERSON_PL + " Aby robił to system, dodaj właściwości connector i operation.",
        _TO_PERSON_EN + " To let the system do it, add the properties connector and operation.",
    ),
    "A03": asks(
        "%(it)s korzysta z reguły, ale nie nazywa tabeli decyzyjnej z tych plików.",
        "%(it)s uses a rule but names no decision table of these files.",
        _TO_PERSON_PL + " Aby decydowała tabela, dodaj plik .dmn i właściwość decision.",
        _TO_PERSON_EN + " To let a table decide, add a .dmn file and the property decision.",
    ),
    "A04": asks(
        "%(it)s jest skryptem, którego silnik nie wykona: %(reason)s.",
        "%(it)s is a script the engine will not run: %(reason)s.",
        _TO_PERSON_PL
        + " Skrypt może składać się z linii „nazwa = wyrażenie”. Przyjęty z wartością „trusted” zostaje Pythonem,"
        " a wersja czeka, aż zatwierdzi ją administrator.",
        _TO_PERSON_EN
        + " A script may have lines “name = expression”. Accepted with the value “trusted” it stays Python, and the"
        " version waits until an administrator has approved it.",
    ),
    "A05": asks(
        "%(it)s wysyła coś, ale nie nazywa wiadomości ani łącznika.",
        "%(it)s sends something but names neither a message nor a connector.",
        _TO_PERSON_PL,
        _TO_PERSON_EN,
    ),
    "A06": asks(
        "%(it)s czeka na wiadomość, której nikt w tych plikach nie wysyła.",
        "%(it)s waits for a message that nobody in these files sends.",
        "Człowiek potwierdzi, że wiadomość przyszła.",
        "A person confirms that it has arrived.",
    ),
    "A07": asks(
        "%(it)s wywołuje proces, w którym się znajduje.",
        "%(it)s calls the process it is part of.",
        _TO_PERSON_PL,
        _TO_PERSON_EN,
    ),
    "A08": asks(
        "%(it)s wywołuje proces „%(called)s”, którego nie ma wśród plików.",
        "%(it)s calls the process “%(called)s”, which is not among the files.",
        _TO_PERSON_PL + " Można też dodać brakujący plik.",
        _TO_PERSON_EN + " The missing file can be added instead.",
    ),
    "A09": asks(
        "%(it)s jest podprocesem bez zawartości.",
        "%(it)s is a sub-process with nothing inside.",
        _TO_PERSON_PL,
        _TO_PERSON_EN,
    ),
    "A10": asks(
        "%(it)s powtarza się, ale nie mówi, do kiedy.",
        "%(it)s repeats but does not say until when.",
        "Po każdym razie człowiek odpowie, czy powtórzyć.",
        "After each time a person says whether to repeat it.",
    ),
    "A11": asks(
        "%(it)s wykonuje się wiele razy, ale nie wiadomo ile.",
        "%(it)s is done several times, but it does not say how many.",
        "Człowiek poda liczbę tuż przedtem.",
        "A person gives the number just before.",
    ),
    "A12": asks(
        "%(it)s ma wykonać się %(count)s razy, a granicą jest %(most)s.",
        "%(it)s is to be done %(count)s times; the limit is %(most)s.",
        "Wykona się %(most)s razy.",
        "It is done %(most)s times.",
    ),
    "A13": asks(
        "%(it)s jest podprocesem swobodnym, bez kolejności kroków.",
        "%(it)s is an ad-hoc sub-process without an order of steps.",
        "Człowiek wybierze, które z jego kroków wykonać.",
        "A person chooses which of its steps to do.",
    ),
    "A14": asks(
        "%(it)s używa łącznika „%(connector)s”, którego nie ma.",
        "%(it)s uses the connector “%(connector)s”, which does not exist.",
        _TO_PERSON_PL,
        _TO_PERSON_EN,
    ),
    "A15": mends(
        "%(it)s jest transakcją.",
        "%(it)s is a transaction.",
        "Działa jak podproces; anulowanie przerywa go jak błąd.",
        "It works like a sub-process; a cancellation breaks it off like an error.",
    ),
    "A16": asks(
        "%(it)s powtarza się, a warunku wcześniejszego końca „%(expression)s” nie da się policzyć.",
        "%(it)s is done several times, and the condition of its early end “%(expression)s” cannot be evaluated.",
        "Warunek zostanie pominięty: wykonane będą wszystkie powtórzenia.",
        "The condition is left out: every repetition is done.",
    ),
    # boundary events
    "B01": asks(
        "%(it)s nie leży na brzegu żadnego kroku, który mógłby przerwać.",
        "%(it)s is attached to no step that it could interrupt.",
        "Zdarzenie i to, co tylko przez nie osiągalne, zostanie pominięte.",
        "The event, and what only it leads to, is left out.",
    ),
    "B02": asks(
        "Do zdarzenia na brzegu %(at)s prowadzi strzałka.",
        "A flow leads into the boundary event %(at)s.",
        "Strzałka zostanie pominięta.",
        "The flow is left out.",
    ),
    "B03": asks(
        "%(it)s nie mówi, co je wywołuje.",
        "%(it)s does not say what triggers it.",
        "Wywoła je wiadomość „%(message)s”.",
        "The message “%(message)s” will trigger it.",
    ),
    "B04": mends(
        "%(it)s to błąd, który nie przerywa kroku; tak się nie da.",
        "%(it)s is an error that does not interrupt, which cannot be.",
        "Błąd przerywa krok.",
        "The error interrupts the step.",
    ),
    # compensation
    "C01": asks(
        "%(it)s cofa skutki innego kroku (kompensacja), a tego silnik nie robi sam.",
        "%(it)s undoes another step (compensation), which the engine does not do by itself.",
        "Zostanie pominięte.",
        "It is left out.",
    ),
    "C02": asks(
        "%(it)s uruchamia kompensację, a tej silnik nie robi sam.",
        "%(it)s triggers compensation, which the engine does not do by itself.",
        "Zdarzenie nic nie zrobi, droga pójdzie dalej.",
        "The event does nothing and the way goes on.",
    ),
    "C03": asks(
        "%(it)s uruchamia kompensację, a tej silnik nie robi sam: %(names)s.",
        "%(it)s triggers compensation, which the engine does not do by itself: %(names)s.",
        "Człowiek powie, co cofnąć, i te kroki zostaną wykonane, zanim droga pójdzie dalej.",
        "A person says what is to be undone, and these steps are done before the way goes on.",
    ),
    "C04": mends(
        "%(it)s wskazuje krok, który cofa skutki innego.",
        "%(it)s points to the step that undoes another.",
        "Krok cofający stoi tam, gdzie się o niego prosi.",
        "The step that undoes stands where it is asked for.",
    ),
    # events
    "E01": asks(
        "%(it)s czeka, ale nie mówi na co.",
        "%(it)s waits but does not say for what.",
        "Człowiek potwierdzi, że to się stało.",
        "A person confirms that it has happened.",
    ),
    "E02": asks(
        "%(it)s nadaje coś, czego w tym miejscu nadać nie można: %(trigger)s.",
        "%(it)s throws something that cannot be thrown here: %(trigger)s.",
        "Zdarzenie nic nie zrobi, droga pójdzie dalej.",
        "The event does nothing and the way goes on.",
    ),
    "E03": asks(
        "%(it)s czeka na warunek, którego nie da się policzyć.",
        "%(it)s waits for a condition that cannot be evaluated.",
        "Człowiek potwierdzi, że to się stało.",
        "A person confirms that it has happened.",
    ),
    "E04": mends(
        "%(it)s kończy drogę i nadaje sygnał.",
        "%(it)s ends the way and throws a signal.",
        "Sygnał nadaje osobny krok tuż przed końcem.",
        "A separate step just before the end throws the signal.",
    ),
    "E05": hints(
        "%(it)s czeka na warunek: jest on sprawdzany po każdym ruchu w sprawie.",
        "%(it)s waits for a condition: it is checked after every movement of the case.",
    ),
    "E06": mends(
        "%(it)s ma kilka wyzwalaczy.",
        "%(it)s has several triggers.",
        "Każdy dostał zdarzenie dla siebie, więc historia powie, co się stało.",
        "Each got an event of its own, so the history tells what happened.",
    ),
    "E07": asks(
        "%(it)s odwołuje się do definicji, której nie ma: %(ref)s.",
        "%(it)s refers to a definition that does not exist: %(ref)s.",
        "Odwołanie zostanie pominięte.",
        "The reference is left out.",
    ),
    "E08": mends(
        "%(it)s ma kilka rzeczy do nadania na końcu drogi.",
        "%(it)s has several things to throw at the end of the way.",
        "Dodatkowe nadaje osobny krok tuż przed końcem.",
        "A separate step just before the end throws the others.",
    ),
    # links
    "N01": mends(
        "%(it)s jest łącznikiem między dwoma miejscami diagramu.",
        "%(it)s is a link between two places of the diagram.",
        "Zastąpiono go strzałką.",
        "It was replaced by a flow.",
    ),
    "N02": asks(
        "%(it)s jest łącznikiem bez pary.",
        "%(it)s is a link without its pair.",
        "Droga skończy się w tym miejscu.",
        "The way ends at this place.",
    ),
    # times
    "T01": asks(
        "%(it)s czeka, ale nie mówi, jak długo.",
        "%(it)s waits but does not say how long.",
        "Przyjęty zostanie czas %(time)s; można podać inny, np. PT4H.",
        "The time %(time)s is assumed; another can be given, such as PT4H.",
    ),
    "T02": asks(
        "%(it)s podaje czas „%(value)s”, którego nie da się odczytać.",
        "%(it)s gives the time “%(value)s”, which cannot be read.",
        "Przyjęty zostanie czas %(time)s; można podać inny, np. PT4H.",
        "The time %(time)s is assumed; another can be given, such as PT4H.",
    ),
    "T03": mends(
        "%(it)s podaje czas %(value)s bez cudzysłowu.",
        "%(it)s gives the time %(value)s without quotes.",
        "Dodano cudzysłów.",
        "Quotes were added.",
    ),
    "T04": mends(
        "%(it)s powtarza się (%(value)s), choć może zajść tylko raz.",
        "%(it)s repeats (%(value)s) though it can happen only once.",
        "Użyto pierwszego odstępu.",
        "The first interval is used.",
    ),
    # messages
    "M01": mends(
        "%(it)s nie nazywa swojej wiadomości.",
        "%(it)s does not name its message.",
        "Nazwano ją „%(message)s”.",
        "It was named “%(message)s”.",
    ),
    "M02": asks(
        "%(it)s czeka na wiadomość, której nikt w tych plikach nie wysyła.",
        "%(it)s waits for a message that nobody in these files sends.",
        "Człowiek potwierdzi, że wiadomość przyszła.",
        "A person confirms that it has arrived.",
    ),
    "M03": hints(
        "%(it)s czeka na wiadomość „%(message)s” spoza tych plików.",
        "%(it)s waits for the message “%(message)s” from outside these files.",
        "Wysyła ją łącznik, inny proces albo ekran sprawy.",
        "A connector, another process or the page of the case sends it.",
    ),
    "M04": mends(
        "%(it)s nie nazywa swojego sygnału.",
        "%(it)s does not name its signal.",
        "Nazwano go „%(message)s”.",
        "It was named “%(message)s”.",
    ),
}
