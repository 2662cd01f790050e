"""Where each participant is: who takes part, which trial is theirs, and which answers count."""

import dataclasses
import datetime
import threading

from pix2pix_tf.study.answers_file import Answers
from pix2pix_tf.study.protocol import SIDES, Trial, choose_algorithm, draw_trials
from pix2pix_tf.study.study_images import StudyImages


class Refused(Exception):
    """A request that is against the protocol: an HTTP status and a sentence for the one who asked."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclasses.dataclass
class Participant:
    """One participant's algorithm and trials, how many of them are answered, and how often the next one was loaded."""

    algorithm: str
    trials: list[Trial]
    answered: int = 0
    loads: int = 0


class Sessions:
    """The participants of a study, by their tokens; everything follows from the records in its answers file."""

    def __init__(self, answers: Answers, study_images: StudyImages):
        self.settings = answers.settings
        self._answers, self._images = answers, study_images
        self._participants: dict[str, Participant] = {}
        self._lock = threading.Lock()
        for record in answers.records:
            if "trial" in record:
                self._participants[record["participant"]].answered += 1
            else:
                self._enter(record)

    def begin(self, token: str) -> None:
        """Lets somebody take part; whoever does already is left where they are."""
        with self._lock:
            if token in self._participants:
                return
            taken = [participant.algorithm for participant in self._participants.values()]
            record = {
                "participant": token,
                "algorithm": choose_algorithm(list(self._images.fakes), taken),
                "time": _now(),
            }
            self._answers.append(record)
            self._enter(record)

    def answered(self, token: str) -> int | None:
        """How many trials, practice included, a participant has answered; None for somebody who is none."""
        participant = self._participants.get(token)
        return participant.answered if participant else None

    def image(self, token: str, number: int, side: str) -> str:
        """The path of the image on one side of a participant's present trial.

        Raises:
          Refused: it is not the present trial, or there is no such participant or side.
        """
        if side not in SIDES:
            raise Refused(404, f"There is no side {side}.")
        with self._lock:
            participant, trial = self._present_trial(token, number)
            participant.loads += side == SIDES[0]
        if side == trial.fake_side:
            return self._images.fakes[participant.algorithm][trial.fake]
        return self._images.real[trial.real]

    def answer(self, token: str, number: int, answer: dict) -> Trial:
        """Stores a participant's answer to their present trial and returns that trial.

        Args:
          token: the participant's.
          number: of the trial, from 0 on.
          answer: `answer`, the side that was taken for the fake, and what the page measured. `loads` is added to it:
            how often this server gave out the trial's images; more than once where the page was loaded anew.

        Raises:
          Refused: it is not the present trial, or there is no such participant.
        """
        with self._lock:
            participant, trial = self._present_trial(token, number)
            practice = number < self.settings["practice"]
            self._answers.append(
                {
                    "participant": token,
                    "trial": number,
                    "practice": practice,
                    "algorithm": participant.algorithm,
                    **dataclasses.asdict(trial),
                    **answer,
                    "loads": participant.loads,
                    "time": _now(),
                }
            )
            participant.answered += 1
            participant.loads = 0
            return trial

    def _enter(self, record):
        settings, algorithm = self.settings, record["algorithm"]
        trials = draw_trials(
            settings["seed"],
            len(self._participants),
            list(self._images.real),
            list(self._images.fakes[algorithm]),
            settings["same_input"],
            settings["practice"] + settings["trials"],
        )
        self._participants[record["participant"]] = Participant(algorithm, trials)

    def _present_trial(self, token, number):
        participant = self._participants.get(token)
        if not participant:
            raise Refused(403, "This browser takes no part in the study; cookies must be allowed for it.")
        if number >= len(participant.trials):
            raise Refused(404, f"There is no trial {number}.")
        if number != participant.answered:
            state = "is answered already" if number < participant.answered else "is not to be answered yet"
            raise Refused(409, f"Trial {number} {state}.")
        return participant, participant.trials[number]


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
