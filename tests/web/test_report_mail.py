"""The tables of a report's mail: as narrow as what stands in them."""

from webapp.reporting.figures import filled
from webapp.reporting.paper import Cell, Column, Table

HEADS = (Column("Etap"), Column("wygrane", "count"), Column("przegrane", "count"), Column("udział", "share"))


def test_a_column_in_which_nothing_stands_is_left_out_of_a_mail() -> None:
    rows = [[Cell("Oferta"), Cell(3), Cell(0), Cell(None)], [Cell("Umowa"), Cell(0), Cell(0), Cell(None)]]
    table = filled(Table("stages", "Etapy", HEADS, rows))

    assert [each.title for each in table.columns] == ["Etap", "wygrane"]
    assert [[cell.value for cell in row] for row in table.rows] == [["Oferta", 3], ["Umowa", 0]]


def test_of_a_table_of_nothing_the_first_column_stays() -> None:
    table = filled(Table("stages", "Etapy", HEADS, [[Cell(""), Cell(0), Cell(0), Cell(None)]]))

    assert [each.title for each in table.columns] == ["Etap"]
