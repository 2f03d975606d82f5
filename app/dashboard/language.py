"""The words, numbers and dates of the shop's page, in English or in French.

The pages are written in English; FRENCH has what they say in French. Nothing here depends on the
machine or on the browser.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

MINUS = "\u2212"
# Between the digits of a French number, and before its unit: spaces at which no line breaks.
NARROW, SPACE = "\u202f", "\u00a0"
MONTHS = {
    "en": [
        "Jan.",
        "Feb.",
        "March",
        "April",
        "May",
        "June",
        "July",
        "Aug.",
        "Sept.",
        "Oct.",
        "Nov.",
        "Dec.",
    ],
    "fr": [
        "janv.",
        "févr.",
        "mars",
        "avr.",
        "mai",
        "juin",
        "juil.",
        "août",
        "sept.",
        "oct.",
        "nov.",
        "déc.",
    ],
}
WEEKDAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "fr": ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
}
FRENCH = {
    "As of {moment}": "État au {moment}",
    "Days and hours are those of {zone}.": "Jours et heures de {zone}.",
    "Last sale: {moment}.": "Dernière vente : {moment}.",
    "The shop": "La boutique",
    "The pipeline": "Le pipeline",
    "Period": "Période",
    "Today": "Aujourd'hui",
    "7 days": "7 jours",
    "28 days": "28 jours",
    "13 weeks": "13 semaines",
    "All": "Tout",
    "Between two dates": "Entre deux dates",
    "Days": "Jours",
    "Categories": "Catégories",
    "All categories": "Toutes les catégories",
    "Unknown": "Inconnue",
    "Revenue": "Chiffre d'affaires",
    "Orders": "Commandes",
    "Bottles": "Bouteilles",
    "Customers": "Clients",
    "Average order": "Panier moyen",
    "up {change}": "en hausse de {change}",
    "down {change}": "en baisse de {change}",
    "unchanged": "inchangé",
    "{first} to {last}": "du {first} au {last}",
    "{first} to {last}, until {time}": "du {first} au {last} à {time}",
    "{day}, until {time}": "{day} jusqu'à {time}",
    "Compared with {period}.": "Par rapport à la période {period}.",
    "Compared with {day}.": "Par rapport à {day}.",
    "No comparison: sales are known from {day} on.": (
        "Sans comparaison : les ventes sont connues depuis le {day}."
    ),
    "Everything since the first sale, on {day}.": "Tout depuis la première vente, le {day}.",
    "{weekday} {day}": "{weekday} {day}",
    "{weekday} {day}, by the hour": "{weekday} {day}, heure par heure",
    "{weekday} {day}, until {time}": "{weekday} {day}, jusqu'à {time}",
    "Revenue by day": "Chiffre d'affaires par jour",
    "Revenue by week": "Chiffre d'affaires par semaine",
    "Revenue by month": "Chiffre d'affaires par mois",
    "Not over yet": "En cours",
    "Average of seven days": "Moyenne de sept jours",
    "Week of {day}": "Semaine du {day}",
    "Day": "Jour",
    "Week": "Semaine",
    "Month": "Mois",
    "Hour": "Heure",
    "Weekday": "Jour de la semaine",
    "Top wines": "Meilleures ventes",
    "Wine": "Vin",
    "Category": "Catégorie",
    "Share": "Part",
    "Cancelled orders": "Commandes annulées",
    "No order of this period is cancelled.": "Aucune commande de cette période n'est annulée.",
    "1 of {total} orders of this period is cancelled: {amount}, {share} of what was ordered. It"
    " counts nowhere else on this page.": (
        "1 commande sur {total} de cette période est annulée : {amount}, soit {share} du montant"
        " commandé. Elle ne compte nulle part ailleurs sur cette page."
    ),
    "{count} of {total} orders of this period are cancelled: {amount}, {share} of what was ordered."
    " They count nowhere else on this page.": (
        "{count} commandes sur {total} de cette période sont annulées : {amount}, soit {share} du"
        " montant commandé. Elles ne comptent nulle part ailleurs sur cette page."
    ),
    "Order": "Commande",
    "Sold": "Vendue",
    "Cancelled": "Annulée",
    "Amount": "Montant",
    "The last {count} that were cancelled.": "Les {count} dernières annulées.",
    "Rhythm": "Rythme",
    "Average revenue of a day that is over and had sales, in the period above.": (
        "Chiffre d'affaires moyen d'un jour terminé avec des ventes, dans la période ci-dessus."
    ),
    "By day of the week": "Par jour de la semaine",
    "By hour": "Par heure",
    "By month": "Par mois",
    "Average revenue": "Chiffre d'affaires moyen",
    "No day of this period is over yet: choose a longer one.": (
        "Aucun jour de cette période n'est terminé : choisissez-en une plus longue."
    ),
    "Loyalty": "Fidélité",
    "All customers and all their orders, whatever the period above: a segment says how they have"
    " bought up to now.": (
        "Tous les clients et toutes leurs commandes, quelle que soit la période ci-dessus : un"
        " segment dit comment ils ont acheté jusqu'ici."
    ),
    "Segment": "Segment",
    "Champions": "Champions",
    "Loyal": "Fidèles",
    "Promising": "Prometteurs",
    "New": "Nouveaux",
    "At risk": "À risque",
    "Asleep": "Endormis",
    "buy often, much, and lately": "achètent souvent, beaucoup, et récemment",
    "come back regularly": "reviennent régulièrement",
    "bought lately, not yet often": "ont acheté récemment, pas encore souvent",
    "bought once, lately": "ont acheté une fois, récemment",
    "have not come back": "ne sont pas revenus",
    "bought little, long ago": "ont acheté peu, il y a longtemps",
    "Stock": "Stock",
    "What is left now, whatever the period above: the last known stock, less what was sold since."
    " Bottles a day are the average of at most 28 days.": (
        "Ce qui reste maintenant, quelle que soit la période ci-dessus : le dernier stock connu,"
        " moins ce qui a été vendu depuis. Les bouteilles par jour sont la moyenne de 28 jours au"
        " plus."
    ),
    "State": "État",
    "Left": "Reste",
    "Sold a day": "Vendu par jour",
    "Runs out": "Épuisé",
    "Out of stock": "Épuisé",
    "Runs out within a week": "Épuisé sous une semaine",
    "Below {threshold}": "Moins de {threshold}",
    "Enough": "Suffisant",
    "now": "maintenant",
    "nobody buys it": "personne n'en achète",
    "too early to say": "trop tôt pour le dire",
    "more than a year": "plus d'un an",
    "{count} wines need an order. One of them has run out, or will within a week.": (
        "{count} vins sont à commander. L'un d'eux est épuisé ou le sera sous une semaine."
    ),
    "{count} wines need an order. Have run out, or will within a week: {soon}.": (
        "{count} vins sont à commander. Épuisés ou bientôt épuisés (une semaine) : {soon}."
    ),
    "One wine needs an order.": "Un vin est à commander.",
    "No wine needs an order.": "Aucun vin n'est à commander.",
    "The rest": "Les autres",
    "Purchase list (CSV)": "Liste d'achats (CSV)",
    "purchase-list": "liste-d-achats",
    "Product": "Produit",
    "Warehouse": "Entrepôt",
    "Expected stock": "Stock attendu",
    "Bottles a day": "Bouteilles par jour",
    "Days left": "Jours restants",
    "Threshold": "Seuil",
    "To order": "À commander",
    "The first {count} of {total}: the rest lasts longer.": (
        "Les {count} premiers sur {total} : les autres durent plus longtemps."
    ),
    "No sale has arrived yet.": "Aucune vente n'est encore arrivée.",
    "The first one is here within minutes of its order. If the shop is open, the pipeline's page"
    " says what is in the way.": (
        "La première sera ici quelques minutes après sa commande. Si la boutique est ouverte, la"
        " page du pipeline dit ce qui la retient."
    ),
    "No sales in this period and these categories.": (
        "Aucune vente pour cette période et ces catégories."
    ),
    "The last sale was on {day}: choose a longer period, or other categories.": (
        "La dernière vente date du {day} : choisissez une période plus longue ou d'autres"
        " catégories."
    ),
    "No customers yet: they come with the first sale.": (
        "Pas encore de clients : ils viennent avec la première vente."
    ),
    "No stock is known yet: it comes with the first delivery or count (INVENTORY_ADJUSTED).": (
        "Aucun stock n'est encore connu : il vient avec la première livraison ou le premier"
        " comptage (INVENTORY_ADJUSTED)."
    ),
    "Snowflake has not answered.": "Snowflake n'a pas répondu.",
    "The page asks again when it is loaded again. Is the pipeline deployed there?": (
        "La page redemande quand elle est rechargée. Le pipeline y est-il déployé ?"
    ),
}


@dataclass(frozen=True)
class Language:
    """How things are said. `name` is en or fr."""

    name: str

    def say(self, text: str, **values: str) -> str:
        return (FRENCH[text] if self.name == "fr" else text).format(**values)

    def number(self, value: float, digits: int = 0) -> str:
        """`12 345,6` in French, `12,345.6` in English; a true minus sign."""
        # Half a euro is rounded up, as everybody does but floating-point numbers.
        exact = Decimal(str(abs(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        text = f"{exact:,f}"
        if self.name == "fr":
            text = text.translate({ord(","): NARROW, ord("."): ","})
        negative = value < 0 and text.strip("0.,") != ""
        return f"{MINUS}{text}" if negative else text

    def euros(self, value: float, digits: int = 0) -> str:
        number = self.number(abs(value), digits)
        sign = MINUS if value < 0 and number.strip("0.,") else ""
        return f"{sign}{number}{SPACE}€" if self.name == "fr" else f"{sign}€{number}"

    def percent(self, value: float) -> str:
        space = SPACE if self.name == "fr" else ""
        return f"{self.number(value)}{space}%"

    def share(self, part: float, whole: float) -> str:
        """A part in per cent; the smallest part does not look like nothing."""
        of_whole = 100 * part / whole if whole else 0
        space = SPACE if self.name == "fr" else ""
        return f"<{SPACE}1{space}%" if 0 < of_whole < 0.5 else self.percent(of_whole)

    def day(self, day: date, year: bool = True) -> str:
        """28 Nov. 2026, or 28 Nov."""
        number = "1er" if self.name == "fr" and day.day == 1 else str(day.day)
        text = f"{number}{SPACE}{self.month(day)}"
        return f"{text}{SPACE}{day.year}" if year else text

    def month(self, day: date) -> str:
        return MONTHS[self.name][day.month - 1]

    def weekday(self, day: date) -> str:
        return WEEKDAYS[self.name][day.weekday()]

    def time(self, moment: datetime) -> str:
        return f"{moment:%H:%M}"

    def moment(self, moment: datetime) -> str:
        return f"{self.day(moment)}, {self.time(moment)}"

    def hour(self, hour: int) -> str:
        return f"{hour}{SPACE}h" if self.name == "fr" else f"{hour:02d}:00"

    def days(self, first: date, last: date, today: date) -> str:
        """The days from first to last, with the years that are not this one."""
        year = not (first.year == last.year == today.year)
        if first == last:
            return self.day(first, year)
        return self.say("{first} to {last}", first=self.day(first, year), last=self.day(last, year))


ENGLISH = Language("en")
