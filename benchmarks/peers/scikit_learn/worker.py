"""scikit-learn: its MLPClassifier, which holds derivatives written by hand in numpy."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.serving import Job, Worker
from benchmarks.wire import Answer
from benchmarks.workloads import t6

WORKER = Worker("scikit-learn", "numpy")
warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed


@WORKER.does("T6")
def training_run(_case: str) -> Job:
    """T6 with everything that would stop early or add a penalty switched off."""
    x, y = t6.data()

    def run() -> MLPClassifier:
        model = MLPClassifier(
            t6.SIZES[1:-1],
            alpha=0.0,
            batch_size=t6.BATCH,
            learning_rate_init=t6.RATE,
            max_iter=t6.EPOCHS,
            tol=0.0,
            n_iter_no_change=t6.EPOCHS + 1,
            random_state=0,
        )
        return model.fit(x, y)

    def answer() -> Answer:
        return t6.answer(run().predict(x))

    return Job(run, answer)
