"""The shop's shelves: its wines, its warehouses, its customers' streets."""

from dataclasses import dataclass

RED = "🍷 Vin Rouge"
WHITE = "🥂 Vin Blanc"
ROSE = "🌸 Vin Rosé"
SPARKLING = "🍾 Champagne – Effervescent"
SWEET = "🍯 Vin Doux – Liquoreux"


@dataclass(frozen=True)
class Wine:
    product_id: str
    name: str
    category: str
    cents: int


# fmt: off
WINES = (
    Wine("WINE-001", "Château Margaux – Premier Grand Cru Classé 2015", RED, 68_900),
    Wine("WINE-002", "Domaine de la Romanée-Conti – Échézeaux 2018", RED, 189_000),
    Wine("WINE-003", "Châteauneuf-du-Pape – Château de Beaucastel 2019", RED, 8_990),
    Wine("WINE-004", "Gevrey-Chambertin – Domaine Trapet Père et Fils 2020", RED, 7_450),
    Wine("WINE-005", "Saint-Émilion Grand Cru – Château Angélus 2016", RED, 41_500),
    Wine("WINE-006", "Morgon Côte du Py – Jean Foillard 2021", RED, 2_890),
    Wine("WINE-007", "Cahors – Château du Cèdre « Le Cèdre » 2019", RED, 3_650),
    Wine("WINE-008", "Crozes-Hermitage – Alain Graillot 2020", RED, 3_195),
    Wine("WINE-009", "Bandol – Domaine Tempier 2019", RED, 3_999),
    Wine("WINE-010", "Chablis Grand Cru Les Clos – William Fèvre 2020", WHITE, 8_250),
    Wine("WINE-011", "Meursault-Perrières – Domaine Roulot 2019", WHITE, 32_500),
    Wine("WINE-012", "Sancerre – Domaine Vacheron « Les Romains » 2021", WHITE, 4_790),
    Wine("WINE-013", "Riesling Grand Cru Schlossberg – Domaine Weinbach 2020", WHITE, 4_250),
    Wine("WINE-014", "Vouvray Sec – Domaine Huet « Le Haut-Lieu » 2021", WHITE, 3_100),
    Wine("WINE-015", "Condrieu – Georges Vernay « Coteau de Vernon » 2019", WHITE, 11_900),
    Wine("WINE-016", "Muscadet Sèvre et Maine sur Lie – Domaine de l'Écu 2022", WHITE, 1_490),
    Wine("WINE-017", "Bandol Rosé – Domaine Tempier 2022", ROSE, 2_950),
    Wine("WINE-018", "Côtes de Provence – Château d'Esclans « Whispering Angel »", ROSE, 1_990),
    Wine("WINE-019", "Tavel – Domaine de la Mordorée « La Dame Rousse » 2022", ROSE, 1_650),
    Wine("WINE-020", "Champagne Krug – Grande Cuvée 170ème Édition", SPARKLING, 21_500),
    Wine("WINE-021", "Champagne Egly-Ouriet – Brut Tradition Grand Cru", SPARKLING, 7_990),
    Wine("WINE-022", "Crémant d'Alsace – Domaine Muré", SPARKLING, 1_590),
    Wine("WINE-023", "Sauternes – Château d'Yquem 2015 (37,5 cl)", SWEET, 19_900),
    Wine("WINE-024", "Muscat de Beaumes-de-Venise – Domaine de Durban 2021", SWEET, 1_790),
)
# fmt: on

WAREHOUSES = (
    "Entrepôt Paris – Bercy",
    "Entrepôt Lyon – Gerland",
    "Entrepôt Bordeaux – Bacalan",
    "Entrepôt Marseille – La Joliette",
)
PAYMENT_METHODS = ("CARTE_BANCAIRE", "PAYPAL", "VIREMENT", "APPLE_PAY")
ADDRESSES = (
    "12 rue de l'Église, 75015 Paris",
    "8 quai des Chartrons, 33000 Bordeaux",
    "27 rue de la République, 69002 Lyon",
    "3 place du Vieux-Port, 13002 Marseille",
    "41 boulevard de la Liberté, 59000 Lille",
    "5 impasse des Vergers, 67000 Strasbourg",
    "16 rue Crébillon, 44000 Nantes",
    "2 allée Jean-Jaurès, 31000 Toulouse",
)
REASONS = {
    "REPLENISHMENT": ("Livraison du domaine", "Réassort hebdomadaire"),
    "RESTOCK": ("Retour client – bouteille intacte", "Annulation de commande"),
    "CORRECTION": ("Écart d'inventaire", "Erreur de comptage à la réception"),
    "SPOILAGE": ("Bouteille cassée", "Bouchon défectueux – goût de liège"),
}
