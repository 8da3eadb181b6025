"""What words can decide of 1.6's prose, in English and in Chinese; the rest is for a reader.

Each word is replaced by one letter for what it does in a sentence: P speaks of parameters, L loses,
S is the structure of an image, N negates. A shortcoming is then a short form of such letters: "LnS"
is "loses the structure", and so is 丢失空间结构. A text is *understood* if every word of it is
known and every word that could turn the meaning round (no, lose, keep, avoid, CNN, …) belongs to a
form. Only a text that is understood is called right or wrong; a few others are wrong beyond doubt,
such as an empty one. All patterns are linear in the length of the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from homework import EXERCISES

IDEAS = {
    "parameters": "the number of parameters",
    "cost": "the cost in time and memory",
    "overfitting": "overfitting",
    "structure": "the structure of the image, lost when it is flattened",
    "locality": "local patterns and neighbouring pixels",
    "invariance": "objects that move or turn",
    "sharing": "weights that are not shared between places",
    "hierarchy": "features that build on each other",
    "size": "images of another size",
}
"""The shortcomings that words can tell."""

FAMILIES = (
    {"parameters", "cost", "overfitting"},
    {"structure", "locality"},
    {"invariance", "sharing"},
    {"hierarchy"},
    {"size"},
)
"""Shortcomings of one family may be called one or two: that is for a reader."""

LETTERS = {
    "P": """parameter parameters params param weight weights coefficient coefficients
        connection connections |参数|权重|权值|连接""",
    "b": """number numbers amount amounts count counts quantity |数量|个数|数目|总量|规模|量""",
    "q": """many much more large larger huge high higher big bigger enormous massive excessive
        excessively numerous million millions billion billions thousands vast tremendous
        lots |a lot|a great deal|太多|过多|很多|大量|许多|众多|更多|太大|过大|很大|巨大|庞大
        |非常多|非常大|极大|较大|多|大""",
    "g": """grow grows growing increase increases increasing explode explodes exploding explosion
        |blow up|blows up|scales badly|scales poorly|增长|增加|爆炸|剧增|暴增|膨胀""",
    "c": """computation computations computational computationally compute cost costs memory storage
        resource resources |training time|computing power|计算量|计算成本|计算开销|计算资源
        |计算复杂度|计算|内存|显存|存储|开销|成本|训练时间""",
    "e": """expensive costly slow slowly heavy inefficient |memory-hungry|time-consuming|slows down
        |long time|昂贵|很慢|缓慢|低效|效率低|费时|耗时|慢""",
    "O": """overfit overfits overfitting overfitted memorise memorises memorize memorizes
        |over-fitting|over-fit|over fitting|over fit|generalizes poorly|generalises poorly
        |poor generalization|poor generalisation|bad generalization|过拟合|过度拟合|泛化能力差
        |泛化能力弱|泛化性差|泛化性能差""",
    "S": """topology geometry |spatial structure|spatial structures|spatial information
        |spatial relationship|spatial relationships|spatial relation|spatial relations
        |spatial arrangement|spatial layout|spatial features|spatial feature|spatial context
        |spatial correlation|spatial correlations|spatial info|spatial topology
        |structural information|structure information|structure|2d structure|2-d structure
        |2d layout|two-dimensional structure|two dimensional structure|image structure
        |positional information|position information|position relation|position relations
        |relations of pixels|relations between pixels|relation of pixels|relation between pixels
        |relationship between pixels|relationships between pixels|relationship of pixels
        |空间结构|空间信息|空间关系|空间特征|空间位置
        |空间相关性|空间拓扑|空间布局|二维结构|二维信息|二维空间|结构信息|位置信息|图像结构|位置关系""",
    "A": """locality |local features|local feature|local patterns|local pattern|local structure
        |local structures|local information|local connectivity|local connection|local connections
        |local receptive fields|local receptive field|receptive field|receptive fields
        |local correlation|local correlations|local relationships|neighbouring pixels
        |neighboring pixels|adjacent pixels|nearby pixels|neighbour pixels|neighbor pixels
        |pixels are neighbours|pixels are neighbors|pixels are adjacent|neighbourhood|neighborhood
        |neighbourhoods|neighborhoods|neighbours|neighbors|局部特征|局部信息|局部结构|局部模式
        |局部感受野|感受野|局部连接|局部相关性|局部性|相邻像素|邻近像素|邻域|像素之间的关系
        |像素间的关系|像素间关系""",
    "I": """invariance equivariance |translation invariance|translational invariance
        |shift invariance|translation equivariance|shift equivariance|position invariance
        |rotation invariance|scale invariance|rotational invariance|spatial invariance
        |invariance to|平移不变性|平移等变性|旋转不变性|尺度不变性|位移不变性|空间不变性|不变性""",
    "R": """invariant equivariant robust |translation invariant|translation-invariant
        |translationally invariant|shift invariant|shift-invariant|shift equivariant|鲁棒性|鲁棒""",
    "H": """|weight sharing|weight-sharing|parameter sharing|parameter-sharing|shared weights
        |shared parameters|sharing of weights|sharing of parameters|share weights|shares weights
        |share parameters|shares parameters|权值共享|权重共享|参数共享|共享权重|共享权值
        |共享参数""",
    "X": """|hierarchical features|hierarchical feature|hierarchy of features|feature hierarchy
        |hierarchical representations|hierarchical representation|层次特征|层次化特征|层级特征
        |分层特征""",
    "Z": """|different sizes|different size|variable size|variable sizes|varying size|varying sizes
        |another size|any size|arbitrary size|arbitrary sizes|other sizes|different resolutions
        |different resolution|different image sizes|different input sizes|variable input size
        |variable input sizes|不同尺寸|不同大小|任意尺寸|任意大小|可变尺寸|不同分辨率""",
    "z": """|fixed size|fixed-size|fixed input size|fixed image size|fixed size input|fixed length
        |one size only|fixed resolution|尺寸固定|固定尺寸|固定大小|大小固定|固定的尺寸|固定的大小
        |固定长度""",
    "N": """no not cannot never without unable fails fail failed hardly difficult hard
        isn't aren't doesn't don't can't won't isnt doesnt dont cant nor neither
        none nothing |no longer
        |不能|无法|没有|不会|不具有|不具备|不具|难以|很难|未能|无|不|没|未""",
    "L": """lose loses lost losing loss destroy destroys destroyed destroying discard discards
        discarded discarding ignore ignores ignored ignoring disregard disregards disregarded
        neglect neglects neglected lack lacks lacking absence missing misses break breaks broken
        forgets removes damages damaged ruins ruined |throws away|throw away|thrown away
        |丢失|丧失|失去|损失|破坏|忽略|忽视|丢弃|丢掉|打破|缺乏|缺少|缺失|损坏""",
    "K": """know knows keep keeps kept preserve preserves preserved retain retains retained use
        uses used using exploit exploits exploited capture captures captured understand understands
        consider considers considered see sees seen handle handles handled recognise recognises
        recognised recognize recognizes recognized extract extracts extracted respect maintain
        maintains maintained utilize utilizes utilise accept accepts process processes deal deals
        model models take takes learn learns learned learnt leverage adapt
        |take advantage of|takes advantage of|taken into account|made use of|aware of|aware
        |保留|保持|利用|捕捉|捕获|考虑|提取|识别|处理|感知|学习|理解|获取|适应|接受|具有|具备|有效""",
    "T": """shift shifts shifted shifting move moves moved moving translate translates translated
        translation translations rotate rotated rotates rotation rotations rotating scaled
        displaced displacement |changes position|change position|change of position
        |changes of position|平移|旋转|移动|位移|缩放|位置变化|位置改变""",
    "V": """sensitive |敏感""",
    "a": """again anew relearn relearned relearns relearnt separately
        |completely different|totally different|entirely different|different input|重新学习|重新
        |完全不同""",
    "f": """flatten flattens flattened flattening unroll unrolls unrolled vectorised vectorized
        vector vectors |1d|1-d|one-dimensional|one dimensional|展平|拉平|展开成|展开为|展开|拉成
        |压平|铺平|扁平化|一维向量|一维|向量""",
    "D": """connect connects connected connecting dense densely full fully
        |fully connected|fully-connected|全连接|相连|连到""",
    "p": """pixel pixels position positions place places neighbour neighbor neighbouring
        neighboring spatial local size sizes resolution resolutions |像素|位置|空间|局部|尺寸|大小
        |分辨率|特征""",
    "F": """shortcoming shortcomings disadvantage disadvantages weakness weaknesses drawback
        drawbacks problem problems limitation limitations issue issues downside downsides defect
        defects |缺点|不足之处|不足|缺陷|局限性|局限|问题|劣势|弱点""",
    "M": """mlp mlps perceptron perceptrons |multilayer perceptron|multi-layer perceptron
        |multilayer perceptrons|multi-layer perceptrons|fully connected network
        |fully connected networks|fully-connected network|fully connected layers
        |fully connected layer|fully-connected layers|fully-connected layer|dense layers
        |dense layer|多层感知机|多层感知器|感知机|全连接网络|全连接层|全连接神经网络""",
    "C": """cnn cnns convolution convolutions convolutional convnet convnets
        |convolutional network|convolutional networks|convolutional neural network
        |convolutional neural networks|convolutional layer|convolutional layers
        |卷积神经网络|卷积网络|卷积层|卷积""",
    "U": """unlike than |compared to|compared with|in contrast to|in comparison with|contrary to
        |instead of|比起|相比于|相比|不像|不同于""",
    "G": """solve solves fix fixes avoid avoids reduce reduces better good well few fewer less
        small smaller efficient fast faster improve improves overcome
        overcomes advantage advantages strong keep-it |解决|避免|减少|降低|更好|更少|较少|少
        |优点|优势""",
    "s": """share shares shared sharing |共享""",
    "w": """if |如果|若|假如""",
    "&": """and or |as well as|和|与|以及|并且|或者|或|及|且|并|、""",
    "d": """the a an its their every each this these any all our such both""",
    "r": """of in to with for from by on at as into per within between across over during like
        through among because""",
    "v": """is are be been has have having do does can may will must gets get means mean contains
        contain gives give produces produce exists exist works work consists consist train trained
        training belongs comes feeds fed represents represented represent leads lead turns turned
        turn converted convert converts reshaped reshape reshapes stretched looks look""",
    "o": """become becomes became becoming need needs needed require requires required requiring
        make makes made cause causes causing leading result results suffer suffers treat treats
        treated tend tends prone occupies consumes consume same whole entire complete single new
        feature features pattern patterns dimension dimensions dimensional dimensionality array
        colour color grey gray width height area side left right top bottom corner corners edge
        edges centre center high-dimensional high-resolution large-scale raw
        original following another account times per
        |due to|in terms of|as a result|a few|inductive bias|inductive biases|维度|高维""",
    "t": """first second third one two three four too very extremely quite really
        rather especially particularly easily often usually also even only just far way highly easy
        directly simply always rapidly quickly
        dramatically greatly significantly quadratically exponentially strongly""",
    "j": """it they he that which who what where when while there here then thus hence therefore
        since but however moreover furthermore besides additionally addition finally lastly
        firstly secondly thirdly example instance once ones
        i you we us them i.e e.g ie eg etc i'm it's so |such as|for example|for instance|at least
        |in particular|that is|in addition""",
    "y": """cat cats dog dogs object objects digit digits face faces car cars thing things item
        items
        |物体|目标""",
    "B": """backpropagation activation sigmoid relu softmax function functions gradient gradients
        descent mnist visual machine computer vision names name deep learning""",
    "n": """image images picture pictures photo photos photograph photographs input inputs output
        outputs layer layers unit units neuron neurons node nodes hidden network networks neural
        model data dataset classification classifier classifiers classify classifying class classes
        task tasks rgb channel channels trainable learnable network's image's mlp's
        set test sample samples small-scale real information main major its architecture type kind
        feed feedforward forward
        |按|的|是|在|了|会|将|把|被|对|对于|于|中|时|为|其|它|这|那|该|这些|每个|每一个|每|一个|两个|几个|各个
        |图像|图片|照片|图|输入|输出|层|隐藏层|神经元|单元|网络|神经网络|模型|数据|数据集|分类|任务|样本|训练
        |导致|造成|使得|使|因此|所以|因为|由于|从而|而且|而|但是|但|另外|此外|首先|其次|再次|最后|第一|第二
        |第三|一是|二是|一|二|三|例如|比如|如|等|需要|要|非常|十分|极其|很|过于|太|过|容易|很容易|可能|也|都|就|还
        |之间|之后|后|所有|全部|整个|随着|随|急剧|快速|进行|用于|用来|用|做|来|成|到|上|下|高|只|能|有|存在
        |之一|以下|主要|方面|即|由|个|种|致|易|至|变|变得|变成|当|时候|信息|直接|视为|看作|数据量""",
}
"""Words by what they do. Words of several parts, and Chinese ones, stand between bars."""

FUNCTION_WORDS = "drvoj&tNUw"
"""What holds English sentences together."""

GOODS = "SAIHXZR"
"""What an MLP lacks. The letters that are left over where it is said to have them."""

NEAR = "[ndrvotjMpDfb]"
LIST = r"[SAIHX](?:,?&?[dnr]{0,2}[SAIHX])*"

FORMS: dict[str, tuple[str, ...]] = {
    "parameters": (
        r"t*q+b?[drn]{0,4}P(?:b|[rd]{1,2}M)?",
        r"(?:b[rd]{1,2}[nd]{0,3})?Pb?(?:[rd]{1,2}[nMd]{1,3})?[vo]{0,2}t*q(?![bPcdrnfp])",
        r"(?:b[rd]{1,2}[nd]{0,3}P|Pb?)[ndrvotMDp]{0,6}?g",
        r"g[rd]{0,2}b?[dr]{0,2}P",
    ),
    "cost": (
        r"t*q+b?[drn]{0,3}c+[drn]?c*",
        r"c+b?[drnc&]{0,6}[vo]?t*[qeg](?![bPdnfp])",
        r"c*t*e",
    ),
    "overfitting": (r"O",),
    "lost": (
        rf"L{NEAR}{{0,5}}{LIST}",
        rf"{LIST}{NEAR}{{0,5}}L",
        rf"N(?:{NEAR}{{0,3}}K)?{NEAR}{{0,5}}(?:K{NEAR}{{0,3}})?{LIST}",
        rf"{LIST}{NEAR}{{0,4}}N{NEAR}{{0,3}}K",
    ),
    "invariance": (
        rf"N{NEAR}{{0,4}}R(?:[ndrvotjyp]{{0,9}}T(?:,?&?T)*)?",
        r"V[drnpy]{0,4}T(?:,?&?T)*",
        r"[ndry]{0,3}T(?:,?&?T)*[ndryt]{0,2}V",
        r"w[ndrvotjypM]{0,6}T[ndrvotjypM,&TK]{0,12}a",
        r"[nydj]{0,4}T[ndrvotjypMK]{0,8}a",
    ),
    "sharing": (rf"P?v?N{NEAR}{{0,3}}s", rf"P{NEAR}{{0,2}}Nv?s"),
    "size": (
        r"(?:v|K|t)*z",
        rf"N{NEAR}{{0,3}}K{NEAR}{{0,5}}Z",
    ),
}
"""How shortcomings are said, in letters. "lost" stands for the goods that are named in it."""

NAMED_BY = {
    "S": "structure",
    "A": "locality",
    "I": "invariance",
    "H": "sharing",
    "X": "hierarchy",
}

HINTS = set("PqgceOSAIRHXZzNLKTVafDpGsUCwo")
"""Letters that may hint at a shortcoming, or at praise."""

DENIAL = re.compile(
    r"(?:an? |the )?(?:mlps?|multi-?layer perceptrons?|it|they|there) "
    r"(?:(?:has|have|is|are) no|(?:do not|does not|don't|doesn't) have any)"
    r"(?: real| serious| major| known)? (?:shortcoming|disadvantage|weakness|drawback|downside)"
    r"(?:e?s)?(?: at all| whatsoever)?"
    r"(?: (?:in|for|of|on|to|when|as) [^.!?,;:]*|,? (?:such as|like) [^.!?;]*)?"
    r"|mlp ?(?:没有|不存在)(?:任何|什么)?(?:缺点|不足|缺陷)(?:[，,]?(?:例如|比如|如)[^。！？；]*)?"
)
"""A text that says no more than that there is nothing to find fault with."""

EXCEPTION = re.compile(
    r"\b(?:but|except|however|apart|besides|only|unless|other|although|though|yet)\b|但|除|不过|然而"
)
IGNORANCE = re.compile(
    r"(?:sorry |well )?(?:i )?(?:do not|don't|dont|didn't) (?:know|understand|remember)"
    r"(?: (?:the|this|that|it|any|answers?|question|what|how|to|write|say|sorry|at all))*"
    r"|(?:i have )?no idea|idk|todo|我?不知道(?:答案|怎么写|怎么答)?了?|我?不会(?:做|写|答)?"
)


@dataclass(frozen=True)
class Reading:
    """What words can tell of a text.

    ``verdict`` is "right", "wrong" or "for a reader"; ``because`` says why it is wrong, or what a
    reader has to decide; ``ideas`` are the shortcomings that were made out, in order.
    """

    verdict: str
    because: str
    ideas: tuple[str, ...] = ()


def read(prose: str) -> Reading:
    """What words can decide of an answer to 1.6."""
    text = normalised(prose)
    if refusal := _wrong_at_sight(text):
        return Reading("wrong", refusal)
    sentences = [*_sentences(text)]
    understood, ideas = _understood(sentences)
    families = [family for family in FAMILIES if family & {*ideas}]
    if len(families) >= 2 and understood and not _suspect(prose):
        return Reading("right", "", tuple(ideas))
    if not understood:
        return Reading("for a reader", "words alone do not tell what is meant", tuple(ideas))
    if len(families) >= 2:
        return Reading("for a reader", "its sentences are hard to follow", tuple(ideas))
    found = [_found(sentence.letters) for sentence in sentences]
    times = sum(len(named) for _, named in found)
    left = HINTS.intersection("".join(rest for rest, _ in found))
    if ideas == ["structure"]:
        left -= {"f"}
    if left or times > 1:
        return Reading(
            "for a reader", "it names one shortcoming, or two that are much alike", tuple(ideas)
        )
    if ideas:
        return Reading("wrong", f"names one shortcoming alone, {IDEAS[ideas[0]]}", tuple(ideas))
    return Reading("wrong", "names no shortcoming")


def normalised(prose: str) -> str:
    """Lower case, plain apostrophes and dashes, one space for many."""
    text = prose.lower().translate(PLAIN)
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


PLAIN = str.maketrans("’‘（），：", "''(),:", "\u200b\ufeff") | {0x2013: " - ", 0x2014: " - "}


def _wrong_at_sight(text: str) -> str:
    """What is wrong beyond doubt with a text, whatever its sentences say; "" if nothing is."""
    flat = re.sub(r"[\s.,;:!。！]+", " ", text).strip()
    if IGNORANCE.fullmatch(flat):
        return "gives no answer"
    words = re.findall(r"[a-z]+(?:'[a-z]+)?|[\u4e00-\u9fff]", text)
    foreign = re.search(r"[^\W\d_a-z\u4e00-\u9fff]", text)
    if not text.strip():
        return "is empty"
    if not foreign and len(words) < (4 if re.search(r"[\u4e00-\u9fff]", text) else 2):
        return "is too short to name two shortcomings"
    if {*words} <= {*re.findall("[a-z]+", ASKED), *ASKED_IN_CHINESE}:
        return "says no more than the question"
    if DENIAL.fullmatch(text.strip(" .!。！\n")) and not EXCEPTION.search(text):
        return "denies that there are any"
    letters = [letter for sentence in _sentences(text) for letter in sentence.letters]
    if not foreign and not HINTS.intersection(letters) and not SUBJECT.search(text):
        chinese = any(not word.isascii() for word in words)
        ordinary = sum(letter in "drvjt&" for letter in letters)
        if len(words) >= 15 if chinese else len(words) >= 12 and 4 * ordinary >= len(letters):
            return "is about something else"
    return ""


ASKED = (
    f"{EXERCISES['1.6'].asked} {EXERCISES['1.6'].title} mlp mlps shortcomings shortcoming give "
    "at least list some disadvantages to do classification question answer is are"
).lower()
"""The words of the question, as the project and the homework put it."""

ASKED_IN_CHINESE = "请给列出举说至少两个多层感知机器用于做进行图像片分类的缺点不足之处有哪些在mlp"

SUBJECT = re.compile(
    r"mlp|percept|param|weight|pixel|neur|imag|pictur|network|layer|learn|train|feature|classif|"
    r"comput|memor|data|spac|locat|shap|rotat|flip|nois|distort|\b(?:it|its|they|their)\b|"
    r"深|图|像|网络|神经|参|权|训练|特征|它"
)
"""Whoever speaks of the matter, however, uses one of these."""


@dataclass(frozen=True)
class Sentence:
    """A sentence in letters, "?" for a word that is not known; and its words, one for each."""

    letters: str
    words: tuple[str, ...]


@cache
def _vocabulary() -> tuple[dict[str, str], re.Pattern[str]]:
    """Words by letter, and what cuts a text into words: the longest first."""
    words: dict[str, str] = {}
    for letter, listed in LETTERS.items():
        singles, *phrases = listed.split("|")
        for word in [*singles.split(), *(" ".join(phrase.split()) for phrase in phrases)]:
            words.setdefault(word, letter)
    several = [word for word in words if not re.fullmatch("[a-z']+", word)]
    by_length = sorted(several, key=len, reverse=True)
    english = "|".join(re.escape(word) for word in by_length if word.isascii())
    chinese = "|".join(re.escape(word) for word in by_length if not word.isascii())
    number = r"\d[\d,.]*\d|\d"
    token = rf"(?<![a-z])(?:{english})(?![a-z])|[a-z]+(?:'[a-z]+)?|{chinese}|{number}|\S"
    return words, re.compile(token)


@lru_cache(maxsize=4096)
def letter_of(word: str) -> str:
    """What a word does; "?" if it is not known, not even with one letter mistyped."""
    words, _ = _vocabulary()
    if word in words:
        return words[word]
    if 8 <= len(word) <= _known_lengths() and word.isascii():
        meant = {words[one] for one in _beside(word) if one in words}
        return meant.pop() if len(meant) == 1 else "?"
    if word[0].isdigit():
        return "n"
    if word in ",.:()-*×=+/>→":
        return ","
    return "?"


def _beside(word: str) -> Iterator[str]:
    """The word with one letter left out, added, exchanged, or swapped with the next."""
    for i in range(len(word)):
        before, after = word[:i], word[i:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for letter in "abcdefghijklmnopqrstuvwxyz":
            yield before + letter + after
            yield before + letter + after[1:]


@cache
def _known_lengths() -> int:
    return max(map(len, _vocabulary()[0]))


def _sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text, or the lines of a list, without their numbers."""
    _, token = _vocabulary()
    for part in re.split(r"(?<!\b\d)\.(?!\d)|[!;。；！•·\n]+", text):
        sentence = re.sub(r"^\s*(?:\(?(?:\d|[a-c]|i{1,3})[.)、:]\s*|[-*]\s*)", "", part)
        words = tuple(token.findall(sentence))
        if words:
            yield Sentence("".join(map(letter_of, words)), words)


@cache
def _forms() -> list[tuple[str, re.Pattern[str]]]:
    return [(idea, re.compile(form)) for idea, forms in FORMS.items() for form in forms]


def _found(letters: str) -> tuple[str, list[str]]:
    """What is left of a sentence without the forms in it, and the shortcomings that they name."""
    named: list[str] = []
    for idea, form in _forms():
        for match in [*form.finditer(letters)]:
            goods = [NAMED_BY[letter] for letter in match[0] if letter in NAMED_BY]
            named += goods if idea == "lost" else [idea]
            # What was understood is no part of another form, but stands for a neutral word.
            letters = letters[: match.start()] + "_" * len(match[0]) + letters[match.end() :]
    return letters, named


TURNING = set("NLVUGBsy?w" + GOODS)
"""Letters that turn the meaning round, or may: none is left over where a text is understood."""


def _understood(sentences: Iterable[Sentence]) -> tuple[bool, list[str]]:
    """Whether each sentence is understood, and the shortcomings that they name of the MLP."""
    ideas: dict[str, None] = {}
    of_the_mlp, understood = True, True
    for sentence in sentences:
        letters = sentence.letters
        # "Unlike a CNN" and "than a CNN" compare: they do not say whom the sentence is about.
        compared = re.sub(r"U[dr]{0,2}[CM]|&[CM]U", lambda m: "_" * len(m[0]), letters)
        subjects = re.findall("[MC]", compared)
        if subjects:
            of_the_mlp = subjects[0] == "M"
        left, named = _found(compared)
        if of_the_mlp:
            for clause in left.split(","):
                other = re.search("[MC]", clause)
                turning = TURNING - set("GSAIHXUsy" if other and other[0] == "C" else "")
                understood &= not turning.intersection(clause)
            ideas |= dict.fromkeys(named)
        else:
            understood &= not named and "?" not in left and "M" not in left
    return understood, [*ideas]


def _suspect(prose: str) -> bool:
    """Whether the words do not make sentences: a salad, a question, or words of others."""
    if re.search(r"[?？\"“”„«»「」『』]", prose):
        return True
    for sentence in _sentences(normalised(prose)):
        for clause in _clauses(sentence):
            if _is_salad(clause):
                return True
    return False


def _clauses(sentence: Sentence) -> Iterator[list[tuple[str, str]]]:
    """The parts between commas, each a list of words with their letters."""
    clause: list[tuple[str, str]] = []
    for word, letter in zip(sentence.words, sentence.letters, strict=True):
        if letter == ",":
            yield clause
            clause = []
        else:
            clause.append((word, letter))
    yield clause


def _is_salad(clause: list[tuple[str, str]]) -> bool:
    """Whether English words follow each other as they do in no sentence."""
    words, letters = [word for word, _ in clause], "".join(letter for _, letter in clause)
    if not all(word.isascii() for word in words):
        return False
    holding = sum(letter in FUNCTION_WORDS for letter in letters)
    return bool(
        (len(words) > 6 and 5 * holding < len(words))
        or any(one == other for one, other in pairwise(words))
        # An article before a verb or at the end; a preposition before a verb or at the end.
        or re.search(r"d[rvj&]|d$|r&|[npPbFSA]d", letters)
        or words[-1:] in (["too"], ["very"])
        or re.search(r"\b(?:it|they) (?:a|an|the|of|in|and|or)\b", " ".join(words))
    )
