"""Where a tree of departments parts, so that those that moved stand side by side."""

from reports.units import parted

TREE: dict[int, int | None] = {1: None, 2: 1, 3: 2, 4: 2, 5: 4, 8: 1}


def test_departments_are_joined_below_the_point_where_the_tree_parts() -> None:
    assert parted(TREE, {3, 4, 8}) == {3: (2, False), 4: (2, False), 8: (8, False), 0: (0, False)}


def test_where_all_belong_to_one_department_its_parts_stand_side_by_side() -> None:
    assert parted(TREE, {3, 4, 5}) == {3: (3, False), 4: (4, False), 5: (4, False), 0: (0, False)}


def test_a_department_above_the_others_stands_alone() -> None:
    assert parted(TREE, {2, 3}) == {2: (2, True), 3: (3, False), 0: (0, False)}


def test_one_department_is_itself_and_no_department_is_none() -> None:
    assert parted(TREE, {5, 0}) == {5: (5, True), 0: (0, False)}
    assert parted(TREE, {9}) == {9: (9, True), 0: (0, False)}
