/*
 * First names that are often met in Germany, folded (cues.h), in order. Names that are words or
 * places as well (August, Rose, Florenz) are left out on purpose.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/table/personal.h"
#include "proto/table/cues.h"

static const char *const first_names[] = {
	"aaron",       "achim",      "adam",       "adelheid",  "adrian",     "agnes",
	"ahmad",       "ahmed",      "alena",      "alex",      "alexander",  "alexandra",
	"alfred",      "ali",        "alice",      "alicia",    "alina",      "alma",
	"amelie",      "amina",      "amir",       "ana",       "anastasia",  "andre",
	"andrea",      "andreas",    "andrej",     "angela",    "angelika",   "anita",
	"anja",        "anke",       "ann",        "anna",      "annalena",   "anne",
	"annegret",    "annelie",    "anneliese",  "annemarie", "annett",     "annette",
	"annika",      "antje",      "anton",      "antonia",   "antonio",    "arne",
	"arnold",      "arthur",     "artur",      "astrid",    "axel",       "aylin",
	"ayse",        "barbara",    "bastian",    "beate",     "beatrice",   "beatrix",
	"ben",         "benedikt",   "benjamin",   "bernd",     "bernhard",   "bettina",
	"bianca",      "birgit",     "birgitt",    "bjoern",    "bodo",       "boris",
	"brigitte",    "britta",     "bruno",      "burkhard",  "camilla",    "carina",
	"carl",        "carla",      "carlos",     "carmen",    "carola",     "carolin",
	"caroline",    "carsten",    "catharina",  "cem",       "charlotte",  "christa",
	"christel",    "christian",  "christiane", "christina", "christine",  "christoph",
	"christopher", "clara",      "claudia",    "claus",     "clemens",    "constanze",
	"cora",        "cordula",    "corinna",    "cornelia",  "dagmar",     "damian",
	"daniel",      "daniela",    "danuta",     "david",     "denis",      "denise",
	"dennis",      "detlef",     "diana",      "dieter",    "dietmar",    "dietrich",
	"dirk",        "dmitri",     "dominik",    "dominique", "dora",       "doreen",
	"doris",       "dorothea",   "eberhard",   "eckhard",   "edda",       "edeltraud",
	"edgar",       "edith",      "eduard",     "egon",      "ekkehard",   "elena",
	"eleonore",    "elfriede",   "elias",      "elif",      "elisa",      "elisabeth",
	"elke",        "ella",       "ellen",      "elli",      "elsa",       "elvira",
	"emil",        "emilia",     "emily",      "emine",     "emma",       "enrico",
	"eric",        "erich",      "erik",       "erika",     "erna",       "ernst",
	"erwin",       "esra",       "esther",     "eva",       "evelin",     "eveline",
	"evelyn",      "fabian",     "fabienne",   "falk",      "fatima",     "fatma",
	"felicitas",   "felix",      "ferdinand",  "finn",      "fiona",      "florian",
	"frank",       "franz",      "franziska",  "frauke",    "fred",       "frederik",
	"frieda",      "friederike", "friedhelm",  "friedrich", "fritz",      "gabi",
	"gabriel",     "gabriele",   "georg",      "gerald",    "gerd",       "gerda",
	"gerhard",     "gerlinde",   "gero",       "gertrud",   "gesine",     "gisela",
	"gregor",      "greta",      "gudrun",     "guenter",   "guenther",   "guido",
	"gundula",     "gunnar",     "gustav",     "hanna",     "hannah",     "hannelore",
	"hannes",      "hans",       "hansjoerg",  "harald",    "harry",      "hartmut",
	"hasan",       "hassan",     "hatice",     "hedwig",    "heidemarie", "heidi",
	"heike",       "heiko",      "heiner",     "heinrich",  "heinz",      "helena",
	"helene",      "helga",      "helmut",     "hendrik",   "henning",    "henri",
	"henriette",   "henry",      "herbert",    "hermann",   "hertha",     "hilde",
	"hildegard",   "holger",     "horst",      "hubert",    "hugo",       "ibrahim",
	"ida",         "igor",       "ilona",      "ilse",      "imke",       "ines",
	"inga",        "inge",       "ingeborg",   "ingo",      "ingrid",     "irene",
	"irina",       "iris",       "irmgard",    "isabel",    "isabell",    "isabella",
	"isabelle",    "ismail",     "ivan",       "ivonne",    "jacqueline", "jakob",
	"jan",         "jana",       "janina",     "jannik",    "jasmin",     "jean",
	"jeanette",    "jennifer",   "jens",       "jessica",   "jette",      "jo",
	"joachim",     "joanna",     "jochen",     "joerg",     "johann",     "johanna",
	"johannes",    "john",       "jolanta",    "jonas",     "jonathan",   "josef",
	"josefine",    "joseph",     "juergen",    "julia",     "julian",     "juliane",
	"julie",       "julius",     "juri",       "justin",    "justus",     "jutta",
	"kai",         "karen",      "karin",      "karina",    "karl",       "karla",
	"karlheinz",   "karolin",    "karoline",   "karsten",   "katarina",   "katharina",
	"kathleen",    "kathrin",    "katja",      "katrin",    "kay",        "kerstin",
	"kevin",       "kilian",     "kim",        "kirsten",   "klara",      "klaus",
	"konrad",      "konstantin", "kristin",    "kristina",  "kurt",       "lara",
	"lars",        "laura",      "lea",        "leif",      "lena",       "leni",
	"lennart",     "leo",        "leon",       "leonard",   "leonhard",   "leonie",
	"leopold",     "levin",      "lia",        "liane",     "liesel",     "lilli",
	"lilly",       "lina",       "linda",      "lisa",      "liselotte",  "lothar",
	"lotta",       "lotte",      "louis",      "louisa",    "louise",     "luca",
	"lucas",       "lucia",      "lucie",      "ludger",    "ludwig",     "luis",
	"luisa",       "luise",      "luka",       "lukas",     "lutz",       "lydia",
	"magdalena",   "maik",       "maike",      "maja",      "malte",      "mandy",
	"manfred",     "manuel",     "manuela",    "marc",      "marcel",     "marco",
	"marcus",      "mareike",    "marek",      "maren",     "margarete",  "margarethe",
	"margit",      "margot",     "margrit",    "maria",     "marian",     "marianne",
	"marie",       "marieke",    "marina",     "mario",     "marion",     "marit",
	"marius",      "mark",       "marko",      "markus",    "marlene",    "marlies",
	"marta",       "martha",     "martin",     "martina",   "marvin",     "mathias",
	"mathilda",    "mathilde",   "matteo",     "matthias",  "maurice",    "max",
	"maximilian",  "maya",       "mehmet",     "meike",     "melanie",    "melina",
	"melissa",     "merle",      "meta",       "mia",       "michael",    "michaela",
	"michel",      "michelle",   "mike",       "mila",      "milan",      "milena",
	"mira",        "mirco",      "miriam",     "mirjam",    "mirko",      "mohamed",
	"mohammad",    "mohammed",   "monica",     "monika",    "monique",    "moritz",
	"murat",       "mustafa",    "nadine",     "nadja",     "nancy",      "natalia",
	"natalie",     "nathalie",   "nele",       "nick",      "nico",       "nicola",
	"nicole",      "niels",      "niklas",     "nikola",    "nikolai",    "nikolaus",
	"nils",        "nina",       "noah",       "nora",      "norbert",    "norman",
	"odin",        "ole",        "oleg",       "oleksandr", "olga",       "oliver",
	"olivia",      "omar",       "oscar",      "oskar",     "otto",       "patricia",
	"patrick",     "paul",       "paula",      "pauline",   "peer",       "peggy",
	"peter",       "petra",      "philip",     "philipp",   "pia",        "piotr",
	"rainer",      "ralf",       "ralph",      "ramona",    "raphael",    "rebecca",
	"regina",      "regine",     "reiner",     "reinhard",  "reinhold",   "renate",
	"rene",        "ricarda",    "richard",    "rita",      "robert",     "roberto",
	"robin",       "roger",      "roland",     "rolf",      "roman",      "romy",
	"ronald",      "ronja",      "ronny",      "rosa",      "rosemarie",  "rosi",
	"rosita",      "rosmarie",   "roswitha",   "rudi",      "rudolf",     "ruediger",
	"ruth",        "sabine",     "sabrina",    "said",      "samuel",     "sandra",
	"sandy",       "sara",       "sarah",      "sascha",    "saskia",     "sebastian",
	"selina",      "selma",      "serdar",     "sergej",    "serhij",     "sibylle",
	"siegfried",   "sieglinde",  "siegmar",    "sigrid",    "silke",      "silvia",
	"silvio",      "simon",      "simone",     "sina",      "sofia",      "sofie",
	"sonja",       "sophia",     "sophie",     "stefan",    "stefanie",   "steffen",
	"steffi",      "stella",     "stephan",    "stephanie", "steve",      "steven",
	"susan",       "susann",     "susanna",    "susanne",   "svea",       "sven",
	"svenja",      "svetlana",   "swetlana",   "sylke",     "sylvia",     "tamara",
	"tanja",       "tatjana",    "tetiana",    "theo",      "theodor",    "theresa",
	"therese",     "theresia",   "thilo",      "thomas",    "thorben",    "thorsten",
	"tilman",      "tim",        "timo",       "tina",      "tino",       "tobias",
	"tom",         "toni",       "torben",     "torsten",   "traudl",     "traute",
	"udo",         "ulf",        "uli",        "ulla",      "ulrich",     "ulrike",
	"ursel",       "ursula",     "uschi",      "uta",       "ute",        "uwe",
	"valentin",    "valentina",  "valerie",    "vanessa",   "vera",       "verena",
	"veronika",    "victor",     "victoria",   "viktor",    "viktoria",   "viktoriia",
	"vincent",     "viola",      "volker",     "volodymyr", "waldemar",   "walter",
	"waltraud",    "werner",     "wiebke",     "wilfried",  "wilhelm",    "willi",
	"willy",       "winfried",   "wladimir",   "wolfgang",  "wolfram",    "yannick",
	"yasmin",      "youssef",    "yusuf",      "yvonne",    "zoe",
};

static int name_order(const void *key, const void *name)
{
	return strcmp(key, *(const char *const *)name);
}

static bool is_first_name(const char *folded)
{
	return bsearch(folded, first_names, sizeof(first_names) / sizeof(first_names[0]),
		       sizeof(first_names[0]), name_order) != NULL;
}

/* Of Hans-Peter and hans_peter the first half decides. */
bool personal_first_name(struct bytes word)
{
	char folded[CUES_LEN_MAX];
	size_t len = 0;

	while (len < word.len && word.ptr[len] != '-' && word.ptr[len] != '_')
		len++;
	cues_fold(folded, bytes_slice(word, 0, len));
	return is_first_name(folded);
}
