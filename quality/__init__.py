"""Evidence: the large runs of the tests, and the page that shows their figures.

    python -m quality programs            # random programs against oracles, relations, round trips: an hour or so
    python -m quality certificate         # every derivative of examples and golden files, against numerical ones
    python -m quality coverage            # the lines and branches that the tests reach: a run of all tests
    python -m quality mutation            # small faults in the rules, and how many the tests find: an hour or so
    python -m quality limits              # ever less memory, and interrupts
    python -m quality versions PYTHON…    # the tests under other versions of Python and NumPy
    python -m quality fuzz                # a million inputs mutated by atheris
    python -m quality drawn               # 65,000 inputs drawn by hypothesis
    python -m quality report              # docs/quality.md from quality/results/*.json

Each subject of a run writes one small file, `quality/results/<subject>.json`:

    {
      "subject": "gradients",             the file's name and the heading's anchor: lower case, `-` between words
      "date": "2026-11-22",               of the end of the run, UTC
      "command": "python -m quality programs --seed 1",     what repeats it, from the top of the repository
      "versions": {"python": "3.11.9", "numpy": "2.4.6"},   of what took part, einderiv first
      "figures": {"programs": 10000, "mismatches": 0},      numbers or short texts, in the order to show them
      "notes": ["Inputs are drawn again near kinks."]        sentences: what was counted and what was left out
    }

`quality.figures` writes and reads these files; a tool of another kind (coverage, mutation) writes its figures with
`figures.write(figures.Result(...))` and appears on the page without a change here.
"""
