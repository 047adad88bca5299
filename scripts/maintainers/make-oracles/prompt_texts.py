"""Texts and prompts that the prompt oracles are made from. Everything is deterministic."""

import random

# The example requests of the two published pages, sdxl1.0-txt2img and sdxl-img2img.
SEED_PROMPTS = [
    "cinematic film still, 4k, realistic, ((cinematic photo:1.3)) of panda wearing a blue spacesuit, sitting in a bar, "
    "Fujifilm XT3, long shot, ((low light:1.4)), ((looking straight at the camera:1.3)), upper body shot, somber, shallow "
    "depth of field, vignette, highly detailed, high budget Hollywood movie, bokeh, cinemascope, moody, epic, gorgeous, "
    "film grain, grainy",
    "photorealistic, high-quality, ultra-detailed, image of (an origami bird with a layer that makes each folded polygonal "
    "section of the origami a different vivid c olor, an origami rainbow of color in a forest of origami plants and trees "
    "in the background), best quality, masterpiece, masterful composition, award, extremely detailed, incredibly high "
    "resolution, 32k, 16k, 8k, 4k, UHD, HDR, hyperrealistic, photo studio quality, amazing clarity, tack sharp, sharp "
    "focus, volumetric lighting, cinematic style",
]

_PLAIN = [
    "", " ", "   ", "\n", "\t\r\n", "a", "A", "z", "hello world", "Hello, World!", "a photo of a cat",
    "a  photo   of\ta\ncat", "THE QUICK BROWN FOX", "the quick brown fox jumps over the lazy dog", "CamelCaseWord",
    "snake_case_word", "kebab-case-word", "3d-model", "e-mail", "rock'n'roll", "it's", "IT'S", "don't", "DON'T", "I'm",
    "we're", "they've", "she'll", "he'd", "'s", "'t're've'm'll'd", "''s", "'S", "cats'", "o'clock", "l'été", "y'all'd've",
    "it\u2019s", "rock \u2018n\u2019 roll", "a 's b", "x'sy", "'reason", "'medium", "'dog", "'llama", "'very",
    "1", "12", "123", "1234567890", "3.14159", "-5", "+7", "1,000,000", "50%", "$9.99", "10x10", "4k", "8K", "1080p",
    "mp3", "a1b2c3", "2024-11-20", "12:34:56", "1e10", "0xff", "1st 2nd 3rd", "1/2", "f/1.8", "35mm", "100 000",
    "!", "!!", "!!!", "!!!!!!!!!!", "?!", "wow!", "wow !", "wow!!! really?!", "no.", "...", "....", "\u2026", "--", "---",
    "\u2014", ",", ",,", ", ,", ",,,,,,,,,,,", ";", ":", ":)", ":-(", "<3", "<", ">", "<>", "<|", "|>", "(", ")", "((",
    "))", "()", "[", "]", "[]", "{", "}", "{}", "(a)", "[a]", "{a}", "\\", "\\\\", "\\(", "/", "//", "#tag", "@user",
    "a@b.com", "https://example.com/path?x=1&y=2#z", "C:\\dir\\file.txt", "`code`", "~", "^", "_", "__init__", "*", "**b**",
    "=", "==", "a=b+c*d", "\"quoted\"", "\u201cquoted\u201d", "\u00abquoted\u00bb", "a|b", "a&b", "R&B", "AT&T", "C++",
    "C#", ".NET", "node.js", "Ph.D.", "U.S.A.", "e.g.", "Mr. Smith", "masterpiece, best quality, 1girl, solo",
    "BREAK", "a BREAK b", "AND", "[a:b:0.5]", "[a|b]", "(a:1.3)", "((a))", "<lora:x:0.8>", "embedding:foo",
]

_SPECIAL = [
    "<|endoftext|>", "<|startoftext|>", "<|endoftext|> a", "a <|endoftext|>", "a<|endoftext|>b", "<|startoftext|>a",
    "<|endoftext|><|endoftext|>", "<|ENDOFTEXT|>", "<|EndOfText|> a", "<|STARTOFTEXT|> a", "<|endoftext|", "<|endoftext|>>",
    "<|pad|>", "<|unk|>", "</w>", "a</w>", "the</w> cat</w>", "\u0120hello", "<unk>", "[CLS]", "<|endof text|>",
    "<|endoftext|>!", "!<|endoftext|>!", " <|endoftext|> ",
]

_ENTITIES = [
    "&amp;", "&lt;b&gt;", "&quot;x&quot;", "&#39;", "&#x27;", "&nbsp;", "a&nbsp;b", "&copy; 2024", "&eacute;", "&amp;amp;",
    "&amp", "& amp;", "&notanentity;", "&#0;", "&#xD800;", "&hearts;", "R&amp;B", "<br/>", "<p>text</p>", "&#128512;",
]

_ACCENTS = [
    "caf\u00e9", "cafe\u0301", "CAF\u00c9", "na\u00efve", "\u00fcber", "\u00dcBER", "stra\u00dfe", "STRA\u1e9eE", "fa\u00e7ade",
    "se\u00f1or", "\u00c5ngstr\u00f6m", "A\u030angstro\u0308m", "\u212b", "\u2126", "\u017d\u017e", "\u0141\u00f3d\u017a",
    "\u00c6ther \u0152uvre", "smörgåsbord", "D\u0131yarbak\u0131r", "\u0130stanbul", "I\u0307", "\u01c5", "\u01c4", "\ufb01",
    "\ufb03", "e\u0301\u0302\u0303", "\u1ec7", "e\u0323\u0302", "e\u0302\u0323", "q\u0307\u0323", "\u0390", "\u1fd3",
    "Vi\u1ec7t Nam", "\u0160koda", "\u010ce\u0161tina", "\u00de\u00f3rr", "\u017fong", "\u212aelvin", "\u00b5m", "\u03bcm",
    "\u1e9b\u0323", "z\u0351\u036b\u0343a\u0329\u036b\u0301l\u036b\u035b\u0300g\u0358\u0318o\u0341\u0320", "\u0344",
]

_SCRIPTS = [
    "\u03a3", "\u03c3\u03c2", "\u039f\u0394\u039f\u03a3", "\u03a3\u03a3\u03a3", "\u039f\u0394\u039f\u03a3 \u03a3\u0391\u03a3.",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u0391\u03b8\u03ae\u03bd\u03b1", "a\u03a3", "a\u03a3b", "\u03a3'", "\u039f\u03a3\u0301",
    "\u041c\u043e\u0441\u043a\u0432\u0430", "\u041c\u041e\u0421\u041a\u0412\u0410", "\u0439\u0438\u0306", "\u0407\u0457",
    "\u732b", "\u4e00\u53ea\u732b\u5728\u6708\u7403\u4e0a", "\u65e5\u672c\u8a9e", "\u30cd\u30b3", "\u30ab\u3099", "\u304c", "\u306d\u3053\u3001\u3044\u306c\u3002",
    "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "\uff21\uff22\uff23\uff11\uff12\uff13", "\uff76\uff9e", "\uf900", "\U0002f800",
    "\U00020000\U00020001", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u0645\u0631\u062d\u0628\u0627\u064b", "\u05e9\u05dc\u05d5\u05dd",
    "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0915\u093c", "\u0958", "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22",
    "\u0b95\u0bca", "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd", "\u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8", "\u1c90\u1c91", "\u13a0\u13a1\uab70", "\u0531\u0561",
    "\u1200\u1208", "\u1780\u17b6", "\u0f40\u0f72", "\u1820\u1821", "\U00010400\U00010428", "\U0001d538\U0001d539", "\U0001d7d8\U0001d7d9",
    "\u0661\u0662\u0663", "\u0967\u0968", "\u2167", "\u2177", "\u00b2\u00b3\u00b9", "x\u00b2", "\u00bd", "\u2460", "\u3007", "\u5341\u4e8c",
    "\U00010107", "\u216b\u2170", "\u24b6\u24d0", "\u2102\u2115",
]

_EMOJI = [
    "\U0001f600", "\U0001f600\U0001f600", "a\U0001f600b", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f",
    "\u2764", "\U0001f1eb\U0001f1f7", "1\ufe0f\u20e3", "#\ufe0f\u20e3", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\U0001f9d1\u200d\U0001f680 in space", "\u2728 magic \u2728", "\u2605\u2606", "\u2192", "\u221e", "\u2211\u222b\u221a", "\u2200x\u2203y",
    "\u2122\u00ae\u00a9", "\u20ac\u00a3\u00a5\u20b9", "\u00b0C", "\u2500\u2502\u250c", "\u2588\u2591", "\u28ff", "\u266b", "\U0001f0a1", "\ue000",
    "\U000f0000", "\ufffd", "\ufffe", "\uffff", "\U0010ffff",
]

_SPACES = [
    "a\u00a0b", "a\u2003b", "a\u200bb", "a\u200db", "a\u2060b", "\ufeffa", "a\ufeffb", "a\u3000b", "a\u1680b", "a\u180eb", "a\u2028b",
    "a\u2029b", "a\u202fb", "a\u205fb", "a\u0085b", "a\u000bb", "a\u000cb", "a\u001cb", "a\u001db", "a\u001eb", "a\u001fb", " a ", "\u00a0",
    "\u00ada", "a\u00adb", "\u202eabc", "\u200e\u200f", "\u2066x\u2069", "a \u0301b", "\u0301", " \u0301", "\u034f",
]

_LONG = [
    "a" * 300, "ab" * 200, "supercalifragilisticexpialidocious" * 8, "pneumonoultramicroscopicsilicovolcanoconiosis",
    "Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbeamtengesellschaft", "!" * 200, "1" * 150,
    "\u732b" * 120, "\U0001f600" * 60, "qzxj" * 64, "z" * 257, "-" * 300, "hello" * 52, "x y " * 80, "\u00e9" * 256, "aA" * 128,
]


# Characters that the Rust libraries under transformers do not know yet: two vowel signs that Unicode 16 composes into one.
DIVERGENT_TEXTS = ["\U00016d67\U00016d67"]


def tokenizer_texts():
    """At least 500 distinct texts that are hard on a byte-pair tokenizer."""
    controls = [chr(c) for c in range(0x20)] + [chr(c) for c in range(0x7F, 0xA0)]
    fixed = _PLAIN + _SPECIAL + _ENTITIES + _ACCENTS + _SCRIPTS + _EMOJI + _SPACES + _LONG + SEED_PROMPTS
    fixed += [f"a{c}b {c}" for c in controls]
    rng = random.Random(20231)
    pools = [
        "abcdefghijklmnopqrstuvwxyz ", "ABCdefGHI 0123456789'", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ab",
        "'strevmld ", "\u00e0\u00e9\u00ee\u00f5\u00fc\u00f1\u00e7\u00df\u0301\u0308ae ", "\u03b1\u03b2\u03c3\u03c2\u03a3\u03a9\u0301 .",
        "\u732b\u72ac\u3042\u30a2\uac00\u3001 a1", "\U0001f600\u200d\u2764\ufe0f\U0001f3fd ab", "\u0000\u0007\u001b\u0085\u00a0\u200b\ufeff ab",
        "\u0646\u0627\u0645\u064b \u05d0\u05b8 1", "<|endoftext|> ", "&amp;lt#39 ",
    ]
    drawn = ["".join(rng.choice(pool) for _ in range(rng.randint(1, 40))) for pool in pools for _ in range(12)]
    return list(dict.fromkeys(fixed + drawn))


def nested_prompts(count=320):
    """Random strings dense in brackets, weights, escapes and colons. BREAK stands outside of brackets only."""
    rng = random.Random(1111)
    words = ["cat", " ", "red fox", ", ", "a", "sky.", "1", "é", "\n", "  x ", "BREAKER", "AND", "|", "[a:b:0.5]", "[a|b]"]
    marks = ["(", "(", "(", ")", ")", "[", "]", "\\(", "\\)", "\\[", "\\]", "\\\\", "\\", ":", ":1.3)", ":0.5)", ": 1.21 )", ":+.7)",
             ":-1.5)", ":2.)", ":0)", ":1.3", ":)", ":a)", "::1.4)", ":1.1)", "((", "))", "[["]
    prompts = []
    while len(prompts) < count:
        length = rng.randint(1, 24)
        prompt = "".join(rng.choice(marks if rng.random() < 0.55 else words) for _ in range(length))
        # Python's float() raises on a second dot, where this project reads text; that is tested by hand.
        if prompt not in prompts:
            prompts.append(prompt)
    plain = ["a BREAK b", "BREAK", " BREAK ", "a\n BREAK \n\nb", "BREAK BREAK", "aBREAK b", "a BREAKb", "a,BREAK,b", "BREAK_", "éBREAK",
             "BREAKé", "break", "(a) BREAK [b]", "a BREAK (b:1.3) BREAK", "\u3000BREAK\u3000x", "a\u001cBREAK", "a\ufeffBREAK", "x-BREAK-y"]
    return prompts + plain


def long_prompts():
    """Prompts around and beyond one chunk of 75 tokens."""
    rng = random.Random(75)
    words = ("castle river moonlight ancient forest dragon portrait of golden misty the watercolor intricate lantern storm wolves "
             "mountain cathedral velvet with silver embroidered under photograph cyberpunk wildflowers, and, bokeh, sharp, soft,").split()
    prompts = list(SEED_PROMPTS) + [
        "", "a", ",", "BREAK", "a BREAK", "BREAK a", "a BREAK BREAK b", "a cat, wow!! (great:1.2)! BREAK really!", "a <|endoftext|> b",
        "(a <|endoftext|> b:1.4) c", "cat " * 74, "cat " * 75, "cat " * 76, "cat " * 150, "cat " * 151,
        "cat " * 74 + ", dog", "cat " * 75 + ", dog", "cat " * 55 + ", " + "dog " * 30, "cat " * 54 + ", " + "dog " * 30,
        "cat " * 53 + ", " + "dog " * 30, "cat " * 70 + ", dog, bird fish", "a, " * 120, "," * 200, "(cat:1.3) " * 90,
        "cat " * 60 + ", (" + "dog " * 30 + ":1.5)", "cat " * 40 + "BREAK " + "dog " * 80, "cat " * 74 + "supercalifragilistic",
        "x" * 400, "(masterpiece), " * 30, "cat " * 60 + ", dog" + " supercalifragilisticexpialidocious" * 3,
    ]
    for _ in range(24):
        picked = []
        for _ in range(rng.randint(30, 170)):
            word = rng.choice(words)
            roll = rng.random()
            picked.append(f"({word}:{rng.choice(['0.6', '1.2', '1.35'])})" if roll < 0.1 else f"(({word}))" if roll < 0.15
                          else f"[{word}]" if roll < 0.2 else "BREAK" if roll < 0.21 else word)
        prompts.append(" ".join(picked))
    return prompts
