"""From answers to what is published of them: a document made private, and the page, files and picture made of it.

`people` and `privacy` are pure rules, `document` assembles the figures, `rows` the anonymised answers. Whatever a
reader sees (page, downloads, picture, folder) is made of the stored document alone, so nothing that is hidden in it
can come out by another door.
"""
