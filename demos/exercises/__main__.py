"""Print an exercise in backpropagation and its solution by the graph, or check an answer file.

    python -m demos.exercises --seed 7                     the question, the solution, the solution in LaTeX
    python -m demos.exercises --seed 7 --kind l2 --level 1 one of a kind
    python -m demos.exercises --seed 7 --template          the answer file to fill in
    python -m demos.exercises --check answers.txt          the verdict on a filled-in file

The first two also write question.md, solution.md, both as .tex, and answers.txt into the folder of --out.

An answer file has a line "name = value" for each answer, after the three lines that say which exercise it is for:

    seed = 7
    kind = squared
    level = 1
    a2 = [0.5498]
    J = 0.0112
    dW1 = [[0.0371, -0.0185]]
    db1 = ?

Brackets are lists, a matrix is a list of its rows, a ? is an answer left open, and lines that start with # are not
read. The same as JSON is read too: {"seed": 7, "kind": "squared", "level": 1, "a2": [0.5498], …}, null for what is
open. --check ends with code 0 if every answer given is right, 1 if one is wrong or none is given, and 2 if the file
cannot be read; then it says which line or key is at fault.
"""

import argparse
import sys
from pathlib import Path

from autograd.errors import OptionError
from demos import common
from demos.exercises import sheets
from demos.exercises.answers import AnswerError, check, read, summary, template
from demos.exercises.exercise import Exercise, draw
from demos.exercises.kinds import DEPTHS, KINDS


def main() -> int:
    """Run the demo."""
    parser = common.options("exercises", __doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--kind", choices=KINDS, help="what it is about; drawn from the seed when left out")
    parser.add_argument("--level", type=int, choices=DEPTHS, default=2, help="layers of weights (default 2)")
    parser.add_argument("--template", action="store_true", help="print the answer file to fill in, and nothing else")
    parser.add_argument("--check", type=Path, metavar="FILE", help="judge a filled-in answer file")
    options = parser.parse_args()
    if options.check is not None:
        return judge(options.check)
    try:
        drawn = draw(options.seed, options.kind, options.level)
    except OptionError as error:
        parser.error(str(error))
    if options.template:
        print(template(drawn), end="")
        return 0
    print(sheets.question(drawn), sheets.solution(drawn), "# The solution in LaTeX\n", sep="\n")
    print(sheets.solution_latex(drawn))
    write(drawn, options.out)
    return 0


def write(drawn: Exercise, folder: Path) -> None:
    """Write every sheet of an exercise, and say so."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "question.md": sheets.question(drawn),
        "question.tex": sheets.question_latex(drawn),
        "solution.md": sheets.solution(drawn),
        "solution.tex": sheets.solution_latex(drawn),
        "answers.txt": template(drawn),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    print(f"wrote {', '.join(files)} into {folder}")


def judge(path: Path) -> int:
    """Print the verdict on every answer of a file, and return the exit code."""
    try:
        exercise, answers = read(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, AnswerError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    print(sheets.heading(exercise))
    verdicts = check(exercise, answers)
    print(*verdicts, summary(verdicts), sep="\n")
    return 0 if answers and all(verdict.right is not False for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
