"""What is said in the demonstration recordings, by whom, and in which language.

Everybody and everything here is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LABEL = "Demonstration material"
LANGUAGES = ("en", "ru", "be")

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Speaker:
    """`pitch` is espeak-ng's, 0 to 99."""

    name: str
    role: str
    pitch: int


@dataclass(frozen=True)
class Line:
    """One sentence: spoken in `language`, captioned in every language."""

    speaker: Speaker
    language: str
    texts: Texts

    @property
    def spoken(self) -> str:
        return self.texts[self.language]


@dataclass(frozen=True)
class Scene:
    """One recording. `colours` are the two ends of its background, as RRGGBB."""

    stem: str
    title: str
    size: tuple[int, int]
    colours: tuple[str, str]
    captions: Mapping[str, str]  # language -> file name ending
    lines: tuple[Line, ...]


SPOKESPERSON = Speaker("Anna Lindqvist", "Spokesperson of the conference", 62)
PRESIDENT = Speaker("Gerold Jarosch", "President of the conference", 22)
DIRECTOR = Speaker("Alena Kavalets", "Director, Museum of the Post", 70)
CORRESPONDENT = Speaker("Correspondent", "From the floor", 48)


def _line(speaker: Speaker, language: str, *, en: str, ru: str, be: str) -> Line:
    return Line(speaker, language, {"en": en, "ru": ru, "be": be})


SCRUM = Scene(
    stem="press-scrum",
    title="Press scrum",
    size=(1280, 720),
    colours=("10243a", "2c5c73"),
    captions={"en": "vtt", "ru": "srt", "be": "vtt"},
    lines=(
        _line(
            SPOKESPERSON,
            "en",
            en="Good afternoon. We have twelve minutes, so please keep your questions short.",
            ru="Добрый день. У нас двенадцать минут, поэтому прошу задавать короткие вопросы.",
            be="Добры дзень. У нас дванаццаць хвілін, таму прашу задаваць кароткія пытанні.",
        ),
        _line(
            CORRESPONDENT,
            "en",
            en="President Jarosch, what did the conference agree on this morning?",
            ru="Господин Ярош, о чём конференция договорилась сегодня утром?",
            be="Спадар Ярош, пра што канферэнцыя дамовілася сёння раніцай?",
        ),
        _line(
            PRESIDENT,
            "en",
            en="We agreed to open our postal archives to every researcher, free of charge.",
            ru="Мы договорились бесплатно открыть наши почтовые архивы каждому исследователю.",
            be="Мы дамовіліся бясплатна адкрыць нашы паштовыя архівы кожнаму даследчыку.",
        ),
        _line(
            PRESIDENT,
            "en",
            en="The first forty thousand letters will be online before the end of the year.",
            ru="Первые сорок тысяч писем появятся в сети до конца года.",
            be="Першыя сорак тысяч лістоў з'явяцца ў сетцы да канца года.",
        ),
        _line(
            CORRESPONDENT,
            "ru",
            en="For the director of the museum: why is the stamp cancellation held today?",
            ru="Вопрос к директору музея: почему гашение марки проходит именно сегодня?",
            be="Пытанне да дырэктара музея: чаму гашэнне маркі адбываецца менавіта сёння?",
        ),
        _line(
            DIRECTOR,
            "ru",
            en="Today it is one hundred years since the first mail route across our river.",
            ru="Сегодня исполняется сто лет первому почтовому маршруту через нашу реку.",
            be="Сёння спаўняецца сто гадоў першаму паштоваму маршруту праз нашу раку.",
        ),
        _line(
            DIRECTOR,
            "ru",
            en="A postmark is the signature of an age: place, date and hour on a scrap of paper.",
            ru="Гашение марки — это подпись эпохи: место, дата и час на маленьком листке.",
            be="Гашэнне маркі — гэта подпіс эпохі: месца, дата і час на маленькім аркушы.",
        ),
        _line(
            DIRECTOR,
            "ru",
            en="All photographs of the ceremony will be with the press within the hour.",
            ru="Все снимки церемонии будут переданы прессе в течение часа.",
            be="Усе здымкі цырымоніі будуць перададзены прэсе на працягу гадзіны.",
        ),
        _line(
            CORRESPONDENT,
            "en",
            en="Who pays for the digital copies?",
            ru="Кто оплачивает цифровые копии?",
            be="Хто аплачвае лічбавыя копіі?",
        ),
        _line(
            PRESIDENT,
            "en",
            en="The postal administrations share the costs, and no original leaves its museum.",
            ru="Почтовые администрации делят расходы, и ни один оригинал не покинет свой музей.",
            be="Паштовыя адміністрацыі дзеляць выдаткі, і ніводзін арыгінал не пакіне свой музей.",
        ),
        _line(
            PRESIDENT,
            "en",
            en="History belongs to those who can find it. That is the whole idea.",
            ru="История принадлежит тем, кто может её найти. В этом весь замысел.",
            be="Гісторыя належыць тым, хто можа яе знайсці. У гэтым увесь сэнс.",
        ),
        _line(
            SPOKESPERSON,
            "en",
            en="Thank you. The recording and its transcript will be published today.",
            ru="Спасибо. Запись и её расшифровка будут опубликованы сегодня.",
            be="Дзякуй. Запіс і яго расшыфроўка будуць апублікаваныя сёння.",
        ),
    ),
)

OPENING = Scene(
    stem="opening-ceremony",
    title="Opening ceremony",
    size=(640, 360),
    colours=("3a1f2b", "8a5a44"),
    captions={"en": "srt", "be": "vtt"},
    lines=(
        _line(
            DIRECTOR,
            "be",
            en="Dear guests, welcome to the Palace of Communications.",
            ru="Дорогие гости, добро пожаловать во Дворец связи.",
            be="Дарагія госці, вітаем вас у Палацы сувязі.",
        ),
        _line(
            DIRECTOR,
            "be",
            en="Delegations from five countries have come to speak about the memory of the mail.",
            ru="Делегации пяти стран приехали, чтобы говорить о памяти почты.",
            be="Дэлегацыі пяці краін прыехалі, каб гаварыць пра памяць пошты.",
        ),
        _line(
            DIRECTOR,
            "be",
            en="Every letter in our halls was once somebody's good news.",
            ru="Каждое письмо в наших залах было когда-то чьей-то доброй вестью.",
            be="Кожны ліст у нашых залах быў калісьці чыёйсьці добрай весткай.",
        ),
        _line(
            PRESIDENT,
            "en",
            en="Thank you, director. I declare the conference on postal heritage open.",
            ru="Благодарю, госпожа директор. Объявляю конференцию о почтовом наследии открытой.",
            be="Дзякуй, спадарыня дырэктар. Аб'яўляю канферэнцыю пра паштовую спадчыну адкрытай.",
        ),
    ),
)

SCENES = (SCRUM, OPENING)
