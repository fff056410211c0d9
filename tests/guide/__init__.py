"""The illustrated guide: a demo is played, the product is walked through, and its pictures are taken again."""
