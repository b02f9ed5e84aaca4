// The same words in Dutch.

import { damageMessages } from '../../project/errors.js';

const { format: number } = new Intl.NumberFormat('nl', { useGrouping: 'min2' });

/** @param {number|null} value null where it was not finite and went through JSON */
const significant = (value) => (value ?? Infinity).toLocaleString('nl', { maximumSignificantDigits: 2 });

/**
 * @param {number} n
 * @param {string} one
 * @param {string} many
 */
const counted = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

/** @param {string} text */
const ended = (text) => (text.endsWith('…') ? text : `${text}.`);

/** @param {number} n */
const photos = (n) => counted(n, 'foto', 'foto’s');

/** @param {import('../../policy.js').Blocked} blocked */
function forbidden({ directive, needs }) {
  const change = needs ? `moet ${needs} toestaan` : `mag geen ${directive} bevatten`;
  return `De host van deze pagina verbiedt wat het model nodig heeft. De Content-Security-Policy die de host meestuurt, ${change}.`;
}

/** @param {string} what */
const tooLarge = (what) =>
  `Dit project is groter dan elk dat deze pagina had kunnen maken (${what}). Het is niet geopend.`;

/** @param {'crop'|'stretch'} fit */
const part = (fit) => (fit === 'crop' ? 'het midden' : 'het geheel');

/** @param {import('../../project/errors.js').NamedBackbone} backbone */
const inShort = ({ name, precision, hash }) => `“${name}” (${precision}, ${hash})`;

/** @param {import('../../project/errors.js').NamedBackbone} backbone */
const inFull = ({ name, precision, hash, fit }) => `“${name}” (${precision}, ${hash}, ${fit})`;

/** @type {typeof import('../../project/errors.js').DAMAGES} */
const damages = {
  text: () => 'moet tekst zijn',
  length: ({ min, max }) => `moet ${min} tot ${max} tekens hebben`,
  characters: () => 'heeft tekens die er niet horen',
  whole: () => 'moet een heel getal zijn',
  range: ({ min, max }) => `moet ${min} tot ${max} zijn`,
  number: () => 'moet een getal zijn',
  bounds: () => 'is buiten de grenzen',
  choice: ({ values }) => `moet ${values.join(' of ')} zijn`,
  list: () => 'moet een lijst zijn',
  items: ({ min, max }) => `moet ${min} tot ${max} delen hebben`,
  object: () => 'moet een object zijn',
  'unknown-key': ({ key }) => `heeft een onbekende sleutel ${JSON.stringify(key)}`,
  lacks: ({ key }) => `mist ${key}`,
  entries: ({ max }) => `heeft meer dan ${max} delen`,
  missing: () => 'ontbreekt',
  json: () => 'is geen JSON',
  'same-class': () => 'twee klassen zijn één',
  'no-class': ({ photo }) => `foto ${photo} is van een klasse die er niet is`,
  order: () => 'de foto’s staan niet in de volgorde waarin ze zijn genomen',
  'no-checksum': ({ file }) => `heeft geen controlegetal van ${file}`,
  stray: () => 'hoort niet bij het project',
  bytes: ({ bytes, needed }) => `heeft ${number(bytes)} bytes en er zijn er ${number(needed)} nodig`,
  infinite: ({ at }) => `het getal op plaats ${at} is niet eindig`,
  'other-classes': () => 'heeft andere klassen dan het project',
  twice: () => 'noemt een foto twee keer',
  shape: ({ tensor }) => `de vorm van ${tensor} klopt niet`,
  jpeg: () => 'is geen JPEG',
  size: ({ width, height }) => `is een foto van ${width} bij ${height}`,
  short: () => 'is korter dan de laag die erin hoort',
  folder: () => 'is een map met inhoud',
  encrypted: () => 'is versleuteld',
  packing: () => 'is ingepakt op een manier die deze pagina niet leest',
  'no-size': () => 'mist een van zijn groottes',
  overlap: () => 'loopt door in het volgende bestand',
  'two-sizes': () => 'heeft twee groottes',
  directory: () => 'is niet wat de inhoudsopgave van de zip zegt',
  checksum: () => 'het controlegetal klopt niet; kopieer of download het opnieuw',
  longer: () => 'bevat meer dan de inhoudsopgave van de zip zegt',
  unpacking: () => 'kan niet worden uitgepakt',
  shorter: () => 'houdt te vroeg op',
};

/** @type {typeof import('./en.js').en} */
export const nl = {
  camera: {
    start: 'Camera starten',
    stop: 'Camera stoppen',
    starting: 'Wachten op de camera…',
    asking: 'Beantwoord de vraag van je browser: mag deze pagina de camera gebruiken?',
    off: 'De camera staat uit.',
    willAsk: 'Je browser vraagt of deze pagina hem mag gebruiken, zodat het model ziet wat je laat zien.',
    blocked: 'Je browser houdt hem bij deze pagina weg. Sta hem toe in de adresbalk.',
    asleep: 'Geen beeld',
    hint: 'Van wat je in dit vierkant ziet, leert het model.',
    hintStretch: 'Het model leert van dit hele beeld, samengedrukt tot een vierkant.',
    preview: 'Camerabeeld',
    recording: 'Opname',
    sleeping:
      'De camera geeft geen beeld. Misschien is het klepje dicht, of gebruikt een gesprek hem. Hij gaat hier vanzelf weer verder.',
    compromises: {
      size: 'Deze camera heeft niet de gebruikelijke beeldgrootte. Hij wordt met zijn eigen grootte gebruikt.',
      other: 'De gekozen camera kan nu niet worden gebruikt; een andere staat aan.',
    },
    returned: 'Er is een camera aangesloten. Druk op Camera starten om verder te gaan.',
    another: 'De camera is losgekoppeld. Druk op Camera starten om een andere te gebruiken, of sluit hem weer aan.',
    faults: {
      refused:
        'De camera is geweigerd. Sta hem voor deze pagina toe in de adresbalk of de instellingen van de browser, en druk dan op Camera starten.',
      refusedInFrame:
        'De camera is geweigerd. Sta hem voor deze pagina toe en druk dan op Camera starten. Deze pagina staat in een andere: die moet de camera doorgeven, met allow="camera" op haar iframe.',
      system:
        'De instellingen van dit apparaat houden de browser bij de camera weg. Sta hem daar toe, onder privacy, en druk dan op Camera starten.',
      policy:
        'Deze pagina staat in een andere die de camera niet doorgeeft. De maker daarvan moet allow="camera" op de iframe zetten. Of open deze pagina apart.',
      policyOfHost:
        'De host van deze pagina houdt de camera bij haar weg met een Permissions-Policy. Wie haar publiceert, moet daar camera=(self) toestaan.',
      missing: 'Er is geen camera gevonden. Sluit er een aan en druk dan op Camera starten.',
      busy: 'De camera startte niet. Misschien gebruikt een ander programma hem: sluit dat en druk dan op Camera starten.',
      constraints: 'Deze camera heeft geen beeldgrootte die de pagina kan gebruiken. Probeer een andere camera.',
      unplugged: 'De camera is losgekoppeld. Sluit hem weer aan en druk dan op Camera starten.',
      unknown: 'De camera kon niet worden gestart. Laad de pagina opnieuw, of probeer een andere browser.',
    },
    options: 'Opties voor camera en antwoord',
    choose: 'Camera',
    automatic: 'Automatisch',
    unnamed: (i) => `Camera ${i}`,
    chooseLater: 'Start de camera één keer om tussen camera’s te kiezen.',
    mirror: 'Beeld spiegelen',
    mirrorHint: 'Alleen op het scherm. Het model leert het beeld altijd zoals het is.',
    turn: { user: 'Naar de camera aan de voorkant', environment: 'Naar de camera aan de achterkant' },
    open: 'Deze pagina apart openen',
  },

  insecure: {
    title: 'Deze pagina heeft een veilig adres nodig',
    text: 'Een browser geeft de camera, en laat deze pagina haar bestanden nakijken, alleen op een adres dat met https:// begint of op localhost.',
    here: (address) => `Je bent op ${address}`,
    open: 'Openen via https',
    publisher: 'Is dit je eigen site: zet https aan bij je host, of probeer hem op deze computer via localhost.',
  },

  unsupported: {
    title: 'Deze browser kan de pagina niet uitvoeren',
    missing: {
      'no-worker': 'Web workers, waarin het model draait, ontbreken of staan uit.',
    },
    text: 'Een recente versie van Firefox, Chrome, Edge of Safari heeft wat nodig is.',
  },

  startup: {
    title: 'Het model wordt geladen',
    status: 'Het model wordt geladen.',
    label: 'Download van het model',
    connect: 'Starten…',
    compile: 'Het model wordt klaargezet…',
    check: 'De uitkomsten op dit apparaat worden nagekeken…',
    download: (bytes, total, percent) => `${bytes} van ${total} MB · ${percent}`,
    meanwhile: 'Je kunt de camera al starten en je klassen een naam geven.',
    ready: 'Het model is klaar.',
    failedTitle: 'Het model kon niet worden gestart',
    again: 'Opnieuw proberen',
  },

  classes: {
    heading: 'Klassen',
    add: 'Klasse toevoegen',
    nameLabel: (i) => `Naam van klasse ${i}`,
    unnamed: (i) => `Klasse ${i}`,
    remove: (name) => `${name} verwijderen`,
    keepTwo: 'Er moeten minstens twee klassen blijven.',
    removed: (name) => `${name} is verwijderd.`,
    moved: (name, place, of) => `${name} is nu klasse ${place} van ${of}.`,
    leftOut: 'Doet niet mee',
    twice: 'Twee klassen hebben deze naam.',
    none: 'Geen van deze',
    addNone: '“Geen van deze” toevoegen',
    noneHint: 'Neem op wat de camera ziet als er niets is: de lege tafel, de kamer, jezelf.',
    noneHintShort: 'Neem de lege achtergrond op.',
    addFolders: 'Mappen toevoegen',
    addFoldersHint: 'Elke map met foto’s wordt een klasse.',
    more: (name) => `Meer voor ${name}`,
    colour: 'Kleur',
    colours: ['Blauw', 'Oranje', 'Groen', 'Roze', 'Petrol', 'Rood', 'Violet', 'Olijf', 'Grijs', 'Bruin'],
    moveUp: 'Omhoog',
    moveDown: 'Omlaag',
    takePart: 'Meedoen met trainen',
    removePhotos: 'Alle foto’s verwijderen',
  },

  record: {
    hold: 'Vasthouden',
    holdFor: (name) => `Vasthouden voor opname van ${name}`,
    loading: 'Het model wordt geladen.',
    noModel: 'Het model is niet gestart.',
    noCamera: 'Start eerst de camera.',
    noPicture: 'De camera geeft geen beeld.',
    photoShown: 'Ga eerst terug naar de camera.',
    done: (n, name) => `${photos(n)} van ${name} opgenomen.`,
    failed: 'De foto kon niet worden toegevoegd.',
    handsFreeFor: (name) => `${name} handsfree opnemen`,
    handsFreeTitle: (name) => `${name} handsfree opnemen`,
    handsFreeText: 'De pagina telt af en neemt dan vanzelf foto’s. De knop of Escape stopt het.',
    countdown: 'Aftellen in seconden',
    rate: 'Foto’s per seconde',
    duration: 'Duur in seconden',
    about: (n) => `Neemt ongeveer ${photos(n)}.`,
    start: 'Starten',
    cancel: 'Annuleren',
    startsIn: (seconds) => `De opname begint over ${counted(seconds, 'seconde', 'seconden')}.`,
    stopBefore: (seconds) => `Stoppen · begint over ${seconds}`,
    stop: 'Opname stoppen',
    notStarted: 'Er is niets opgenomen.',
  },

  photos: {
    count: photos,
    none: 'Geen foto’s',
    hint: 'Laat het aan de camera zien, van alle kanten. Houd de knop vast voor veel foto’s, tik voor één.',
    hintShort: 'Vasthouden voor veel, tikken voor één.',
    leftOut: 'Doet niet mee met trainen tot er foto’s zijn.',
    leftOutShort: 'Doet niet mee tot er foto’s zijn.',
    list: (name) => `Foto’s van ${name}`,
    remove: (n, name) => `Foto ${n} van ${name} verwijderen`,
    removed: (n, name) => `${photos(n)} van ${name} verwijderd.`,
    moved: (n, name) => `${photos(n)} naar ${name} verplaatst.`,
    one: (n, name) => `Foto ${n} van ${name}`,
    enlarge: (n, name) => `Foto ${n} van ${name} vergroten`,
    learned: 'Van dit vierkant leert het model.',
    learnedStretch: 'Hiervan leert het model: het hele beeld, samengedrukt tot een vierkant.',
    newer: 'Nieuwere foto',
    older: 'Oudere foto',
    close: 'Sluiten',
    removeThis: 'Foto verwijderen',
    select: 'Selecteren',
    selectFor: (name) => `Foto’s van ${name} selecteren`,
    selected: (n) => `${number(n)} geselecteerd`,
    all: 'Alle',
    allFor: (name) => `Alle foto’s van ${name}`,
    done: 'Klaar',
    removeSelected: 'Verwijderen',
    moveTo: 'Verplaatsen naar',
    moveToClass: (name) => `Naar ${name} verplaatsen`,
  },

  uploads: {
    button: (name) => `Foto’s toevoegen aan ${name}`,
    files: (name) => `Bestanden voor ${name}`,
    folders: 'Mappen met foto’s',
    dropOn: (name) => `Toevoegen aan ${name}`,
    dropFolders: 'Zet mappen hier neer: elke wordt een klasse',
    dropOnClass: 'Zet foto’s neer op de klasse waar ze bij horen.',
    progress: 'Foto’s toevoegen',
    count: (done, total) => `Foto’s toevoegen: ${number(done)} van ${number(total)}`,
    waiting: 'Je foto’s worden toegevoegd zodra het model er is.',
    cancel: 'Annuleren',
    begun: (n) => `${photos(n)} worden toegevoegd.`,
    classes: (n) => counted(n, 'klasse', 'klassen'),
    done: (n, where) => `${photos(n)} toegevoegd aan ${where}.`,
    stopped: (n, total) => `Gestopt: ${number(n)} van ${photos(total)} toegevoegd.`,
    unreadable: (n, names) => `${counted(n, 'bestand kon', 'bestanden konden')} niet worden gelezen: ${ended(names)}`,
    unreadableHint:
      'Ze zijn beschadigd, of van een soort die deze browser niet opent. Telefoons kunnen HEIC-foto’s als JPEG delen; dat opent elke browser.',
    unreadableTitle: (n) => `${counted(n, 'bestand kon', 'bestanden konden')} niet worden gelezen`,
    tooLarge: (n) => `${photos(n)} ${n === 1 ? 'heeft' : 'hebben'} meer dan 120 miljoen pixels: te veel.`,
    others: (n) => (n === 1 ? '1 bestand is geen foto.' : `${number(n)} bestanden zijn geen foto’s.`),
    beside: (n) => `${photos(n)} naast de mappen ${n === 1 ? 'is' : 'zijn'} overgeslagen.`,
    nothing: 'Er waren geen foto’s bij deze bestanden.',
    failed: 'De foto’s konden niet worden toegevoegd.',
    close: 'Deze melding sluiten',
  },

  steps: {
    camera: { title: '1. Start de camera', text: 'Je foto’s blijven op dit apparaat.' },
    ask: { title: '1. Start de camera', text: 'Je browser vraagt het eerst. Je foto’s blijven op dit apparaat.' },
    first: { title: '2. Neem een klasse op', text: 'Geef haar een naam, laat iets zien en houd de knop vast.' },
    second: { title: '2. Neem nog een klasse op', text: 'Laat iets anders zien en houd de knop vast.' },
    secondLive: { title: '3. Neem nog een klasse op', text: 'Laat iets anders zien, houd de knop vast en kijk.' },
    learning: { title: 'Leren…', text: 'Het eerste antwoord komt zo.' },
    train: { title: '3. Druk op Trainen', text: 'Laat dan iets zien: het model noemt het.' },
  },

  result: {
    heading: 'Het model ziet',
    noCamera: 'Start de camera om te zien wat het model zegt.',
    asleep: 'De camera geeft geen beeld.',
    looking: 'Kijken…',
    removed: 'Een klasse die is verwijderd. Train opnieuw.',
    none: 'nog geen uitkomst',
    spoken: (n) => `${n} procent`,
    announce: (name, percent) => `${name}, ${percent}`,
    unsure: 'Niet zeker',
    guess: (name, percent) => `Misschien ${name}, ${percent}`,
    threshold: 'Zeg “niet zeker” onder',
    thresholdHint: 'Het model noemt dan alleen een klasse als het minstens zo zeker is.',
    thresholdOff: 'Nooit',
  },

  probe: {
    open: 'Een foto proberen',
    file: 'Foto om te proberen',
    close: 'Terug naar de camera',
    drop: 'Zet een foto neer om te zien wat het model zegt',
    alt: (name) => `De foto ${name}`,
    shown: (name) => `Het beeld toont ${name}.`,
    unreadable: (name) => `${name} is beschadigd, of van een soort die deze browser niet leest.`,
    tooLarge: (name) => `${name} heeft meer dan 120 miljoen pixels: te veel. Maak de foto eerst kleiner.`,
    noFile: 'Dat is geen foto van dit apparaat.',
  },

  show: {
    start: 'Groot tonen',
    leave: 'Niet meer groot tonen',
    classes: 'Alle klassen',
  },

  train: {
    start: 'Trainen',
    stop: 'Stoppen',
    loading: 'Het model wordt geladen.',
    noModel: 'Het model is niet gestart.',
    tooFew: 'Neem foto’s op voor minstens twee klassen.',
    can: (n, classes) => `${photos(n)} in ${classes} klassen, klaar om te trainen.`,
    running: (n) => `Trainen met ${photos(n)}…`,
    stopping: 'Stoppen…',
    stopped: 'Het trainen is gestopt.',
    done: (n, time) => `Getraind met ${photos(n)} in ${time}.`,
    region: 'Trainen',
    more: 'Instellingen en krommen',
    figures: (loss, accuracy) => `${accuracy} van de eigen foto’s goed · verlies ${loss}`,
    progress: 'Voortgang van het trainen',
    starting: 'Starten…',
    epoch: (epoch, epochs, loss, accuracy) => `Ronde ${epoch} van ${epochs} · ${accuracy} goed · verlies ${loss}`,
    stale: 'Het model is ouder dan de foto’s. Train opnieuw.',
    failed: 'Het trainen is mislukt.',
  },

  live: {
    label: 'Live',
    hint: 'Na elke verandering opnieuw trainen.',
    on: 'Het model traint nu vanzelf na elke verandering.',
    off: 'Het model wacht nu op Trainen.',
    training: 'Trainen…',
  },

  curves: {
    accuracy: 'Goed',
    loss: 'Verlies',
    accuracyHint: 'Goede antwoorden over de foto’s waarvan het leert',
    lossHint: 'Hoe ver de antwoorden ernaast zitten: lager is beter',
    epoch: 'ronde',
    none: 'De krommen verschijnen bij de eerste training.',
    sentence: (what, first, last, epochs) =>
      epochs === 1 ? `${what} na één ronde: ${last}.` : `${what}: ${first} na ronde 1, ${last} na ronde ${epochs}.`,
    figures: 'De cijfers',
    history: 'Het trainen, ronde voor ronde',
  },

  settings: {
    title: 'Instellingen',
    fields: {
      epochs: { label: 'Rondes', hint: 'Hoe vaak het trainen alle foto’s langsgaat.' },
      batch: { label: 'Foto’s per stap', hint: 'Naar hoeveel foto’s het kijkt voor elke verbetering.' },
      rate: { label: 'Leersnelheid', hint: 'Hoe groot elke verbetering is.' },
      hidden: { label: 'Verborgen eenheden', hint: 'Grootte van de laag die leert: hoeveel zij kan onderscheiden.' },
      seed: {
        label: 'Beginwaarde',
        hint: 'Waar de toevalsgetallen beginnen. Dezelfde beginwaarde en foto’s geven hetzelfde model.',
      },
      share: {
        label: 'Apart gehouden, %',
        hint: 'Hoeveel van elke klasse apart blijft om na te gaan hoe goed het model is.',
      },
    },
    whole: (least, most) => `Een heel getal van ${least} tot ${most}.`,
    above: (above, most) => `Een getal boven ${above}, hoogstens ${most}.`,
    wrong: (bounds) => `Niet overgenomen. ${bounds}`,
    back: 'Terug naar de instellingen van de site',
    isBack: 'Dit zijn weer de instellingen van de site.',
  },

  history: {
    undo: 'Ongedaan maken',
    redo: 'Opnieuw doen',
    undone: (what) => `Ongedaan gemaakt: ${what}.`,
    redone: (what) => `Opnieuw gedaan: ${what}.`,
    change: 'een verandering',
    settings: 'een verandering van de instellingen',
    addClass: (name) => `${name} toevoegen`,
    removeClass: (name) => `${name} verwijderen`,
    rename: (name) => `de naam ${name}`,
    recolour: (name) => `de kleur van ${name}`,
    moveClass: (name) => `${name} verplaatsen`,
    enable: (name) => `${name} laten meedoen`,
    disable: (name) => `${name} niet laten meedoen`,
    record: (n, name) => `${photos(n)} van ${name}`,
    removePhotos: (n, name) => `${photos(n)} van ${name} verwijderen`,
    movePhotos: (n, name) => `${photos(n)} naar ${name} verplaatsen`,
  },

  reset: {
    button: 'Wissen',
    title: 'Alles vergeten?',
    text: 'Alle klassen, alle foto’s en het getrainde model van dit project worden gewist, van deze pagina en uit deze browser. Dit kan niet ongedaan worden gemaakt.',
    confirm: 'Alles vergeten',
    cancel: 'Annuleren',
    done: 'Alles is vergeten.',
    failed: 'De pagina kon niet worden gewist.',
  },

  pixels: {
    title: 'Deze browser verandert de beelden die pagina’s lezen',
    text: 'Een privacy-instelling voegt ruis toe, zodat het model van iets anders leert dan wat je ziet. Laat deze site canvasgegevens lezen, of gebruik een andere browser, dan ziet het model helder.',
  },

  keeping: {
    status: {
      opening: 'Zoeken wat je hier eerder leerde…',
      new: 'Wat je leert, wordt in deze browser bewaard.',
      saving: 'Bewaren in deze browser…',
      kept: 'Bewaard in deze browser.',
    },
    failed: (message) => `Niet bewaard in deze browser: ${message} Exporteer het voor je weggaat.`,
    name: 'Naam van dit project',
    unnamed: 'Project zonder naam',
    projects: 'Projecten',
    dialog: 'Projecten in deze browser',
    none: 'Er is geen ander project.',
    here: 'hier open',
    open: 'Openen',
    openNamed: (name) => `${name} openen`,
    remove: 'Wissen',
    removeNamed: (name) => `${name} wissen`,
    removeSure: 'De foto’s en het model worden voorgoed gewist.',
    removeConfirm: 'Ja, wissen',
    removing: 'Bezig met wissen. Bij duizenden foto’s duurt dat even.',
    cancel: 'Annuleren',
    close: 'Sluiten',
    start: 'Nieuw project',
    started: 'Dit is een nieuw project. Het vorige is bewaard.',
    opened: (name) => `${name} is geopend.`,
    facts: (n, size) => `${photos(n)} · ${size}`,
    otherModel: 'Met een ander model gemaakt: de foto’s worden opnieuw geleerd.',
    elsewhere: 'Dit project is in een ander tabblad open.',
    gone: 'Het is er niet meer.',
    openFailed: 'Het project kon niet worden geopend.',
    removeFailed: 'Het project kon niet worden gewist.',
    room: (used, room) => `${used} van ${room} gebruikt.`,
  },

  project: {
    title: 'Bewaar wat je leerde',
    hint: 'Een projectbestand bevat foto’s en model, voor deze pagina of voor Python.',
    model: 'Model exporteren',
    modelHint: 'Een modelbestand werkt op zichzelf, in elke pagina met TensorFlow.js.',
    modelExported: 'Het model is geëxporteerd.',
    noModel: 'Er is nog geen model. Neem eerst foto’s op voor twee klassen.',
    code: 'Gebruiken in code',
    export: 'Exporteren',
    import: 'Importeren',
    file: 'Projectbestand',
    loading: 'Kan zodra het model er is.',
    busy: 'Kan als opname en training voorbij zijn.',
    nothing: 'Er is nog niets om te exporteren. Neem eerst foto’s op.',
    exported: (examples) => `${photos(examples)} geëxporteerd.`,
    withoutHead: 'Het bestand bevat geen getraind model; druk vóór het exporteren op Trainen om het erbij te hebben.',
    exportFailed: 'Het project kon niet worden geëxporteerd.',
    reading: 'Het bestand wordt gelezen.',
    progress: (done, total) => `De foto’s worden opnieuw geleerd: ${number(done)} van ${number(total)}.`,
    imported: (examples) => `${photos(examples)} geïmporteerd.`,
    trainAgain: 'Druk op Trainen om ze te gebruiken.',
    importFailed: 'Het bestand is niet geïmporteerd, en er is niets veranderd.',
    foreign:
      'Dit bestand is gemaakt op een site met een ander basismodel. De foto’s kunnen met dit model opnieuw worden geleerd.',
    reembed: 'Foto’s opnieuw leren',
    cancel: 'Laat maar',
  },

  code: {
    title: 'Gebruiken in code',
    web: 'In een andere webpagina',
    webHow: 'Exporteer dit project en zet het bestand naast de pagina. Ook daar blijft het beeld in de pagina.',
    python: 'In Python',
    pythonHow: 'Dezelfde getallen, met bestanden op je computer.',
    copy: 'Kopiëren',
    copied: 'Gekopieerd',
  },

  heldOut: {
    title: 'Hoe goed is het?',
    tooFew: (able) =>
      `Om het model na te gaan hebben twee klassen elk twee foto’s nodig; ${able === 0 ? 'geen enkele' : able} heeft die.`,
    noHead: 'Train het model eerst; dan kan het worden nagegaan.',
    waiting: 'Nagaan…',
    failed: 'Het model kon niet worden nagegaan.',
    right: (right, asked) => `goed: ${number(right)} van ${photos(asked)} die het niet had gezien.`,
    how: (taught, share, seed, time) =>
      `De cijfers komen van een tweede model, getraind op de andere ${photos(taught)} (${share} van elke klasse apart gehouden, beginwaarde ${seed}, ${time}). Het model dat antwoordt, heeft van alle geleerd.`,
    old: 'Deze cijfers zijn ouder dan de foto’s of de instellingen.',
    perClass: 'Goed per klasse',
    of: (right, asked) => (asked ? `${number(right)} van ${number(asked)}` : 'geen foto over'),
    gone: 'een verwijderde klasse',
    matrix: 'Wat het waarvoor aanziet',
    matrixHow: 'Elke rij is wat de foto’s tonen, elke kolom wat het model zegt.',
    matrixTooLarge: (most) => `De tabel wordt getoond tot ${most} klassen.`,
    shows: 'Toont',
    mistakes: 'Foto’s die het vaakst worden verward',
    noMistakes: 'Geen enkele van de foto’s waarnaar is gevraagd.',
    mistake: (shows, said, sure) => `Toont ${shows}, ${said} genoemd, ${sure} zeker`,
    called: (said, sure) => `${said} genoemd, ${sure} zeker`,
    enlarge: (mistake) => `Vergroten: ${mistake}`,
    remove: (mistake) => `Foto verwijderen: ${mistake}`,
    removeThis: 'Foto verwijderen',
    move: (name) => `Naar ${name} verplaatsen`,
    close: 'Sluiten',
    more: (n) => `Nog ${number(n)} tonen`,
    advice: 'Balans',
    balanced: 'Elke klasse heeft genoeg foto’s, en geen heeft er veel meer dan een andere.',
    outweighed: (few, n, many, m) =>
      `${few} heeft ${photos(n)}, ${many} ${number(m)}: het model zal naar ${many} neigen. Neem meer op van ${few}.`,
    scarce: (few, n, enough) => `${few} heeft ${photos(n)}. Met ${enough} of meer wordt het beter herkend.`,
  },

  hood: {
    summary: 'Onder de motorkap',
    model: 'Model',
    speed: 'Snelheid',
    privacy: 'Privacy',
    backend: 'Rekenwijze',
    backendChoice: 'Rekenen met',
    backendAutomatic: 'Automatisch',
    backendFailed: 'De rekenwijze kon niet worden veranderd.',
    skipped: (backend) => `Waarom niet ${backend}`,
    taken: (backend) => `Waarom ${backend}`,
    measured: (time, wasm) => `${time} voor een beeld; wasm deed er ${wasm} over`,
    software: (device) => `Deze browser rekent het zonder grafische kaart (${device}).`,
    missing: 'Deze browser heeft het niet.',
    lost: (backend) => `De grafische kaart die ${backend} gebruikte, is weggenomen. Het model gaat zonder verder.`,
    backbone: 'Basismodel',
    trainedOn: 'Basismodel getraind op',
    inOtherWords: {
      'generated images only, no photograph among them': 'alleen beelden uit een programma, geen enkele foto',
      'ImageNet photographs': 'foto’s uit ImageNet',
      'what its publisher says; the file does not tell': 'wat de uitgever zegt; het bestand vermeldt het niet',
    },
    why: 'Waarom dit basismodel',
    precision: 'Gewichten',
    features: 'Aantal kenmerken',
    head: 'Laag die leert',
    headValue: (hidden, classes) => `${counted(hidden, 'verborgen eenheid', 'verborgen eenheden')}, ${classes} klassen`,
    headPhotos: 'Geleerd van',
    photos,
    seed: 'Beginwaarde',
    selfCheck: 'Zelfcontrole',
    selfCheckValue: (error, limit, images) =>
      `afwijking ${error}, grens ${limit}, over ${counted(images, 'beeld', 'beelden')}`,
    frame: 'Tijd per beeld',
    kernels: 'Basisnetwerk berekend door',
    kernelsOf: {
      relaxed: 'de eigen WebAssembly-kernen van de pagina (relaxed SIMD)',
      simd: 'de eigen WebAssembly-kernen van de pagina (SIMD)',
      stock: 'de kernen van TensorFlow.js',
    },
    engine: 'Getraind door',
    engines: { 'wasm-simd': 'de eigen WebAssembly-kern van de pagina (SIMD)', plain: 'gewoon JavaScript' },
    fromFile: 'kwam getraind uit een bestand',
    trainTime: 'Trainingstijd',
    trainTimeValue: (time, each) => `${time} (${each} voor elke foto en ronde)`,
    tensors: 'TF.js-tensors',
    tensorsValue: (tensors, megabytes) => `${number(tensors)} (${megabytes} MB)`,
    examples: 'Voorbeelden in het geheugen',
    unknown: '–',
    epoch: 'Ronde',
    loss: 'Verlies',
    accuracy: 'Goed',
    nothingLeaves:
      'Je foto’s worden in deze browser bekeken en geleerd. Er wordt niets verstuurd: de pagina haalt alleen haar eigen bestanden op, en haar beleid blokkeert elke andere site.',
    sent: 'Naar anderen verstuurd',
    sentValue: 'niets',
    photosHere: 'Foto’s op deze pagina',
    photosHereValue: (count, size) => `${count}, ${size}`,
    kept: 'Bewaard in deze browser',
    keptWhat:
      'Bewaard worden je projecten met hun foto’s en modellen, je keuzes, en de eigen bestanden van de pagina, zodat zij zonder verbinding werkt. Onder Projecten kun je wissen wat je niet meer wilt.',
    notKept:
      'Wat je leerde, wordt hier niet bewaard, alleen de eigen bestanden van de pagina, zodat zij zonder verbinding werkt.',
  },

  errors: {
    DownloadError: {
      unreachable: ({ url }) => `${url} kon niet worden gedownload. Controleer de verbinding en probeer het opnieuw.`,
      status: ({ url, status }) => `${url} kon niet worden gedownload: de server antwoordde ${status}.`,
      page: ({ url }) => `${url} kon niet worden gedownload: de server stuurde in plaats daarvan een webpagina.`,
      changed: ({ url }) =>
        `${url} is niet het bestand waarmee deze site is gebouwd. Laad de pagina opnieuw; helpt dat niet, dan moet de site opnieuw gepubliceerd worden.`,
    },
    PolicyError: { download: forbidden, webassembly: forbidden, worker: forbidden },
    WorkerError: {
      'not-started': () => 'Het rekenprogramma kon in deze browser niet worden gestart.',
      'no-backend': ({ backend }) => `Deze browser heeft geen ${backend}.`,
      'no-webassembly': () => 'Deze browser heeft geen WebAssembly.',
      'no-simd': () => 'Deze browser voert geen WebAssembly SIMD uit.',
      'no-kernels': ({ kernels }) => `Deze browser voert de kernen ${kernels} niet uit.`,
      'no-plan': ({ why }) => `De kernen van de pagina kennen dit model niet: ${why}.`,
      'self-check': ({ backend, error, limit }) =>
        `Met ${backend} komt deze browser op andere getallen uit dan die waarmee de site is gebouwd (afwijking ${significant(error)}, grens ${significant(limit)}).`,
      'device-lost': () => 'De grafische kaart is weggenomen.',
      'no-canvas': () => 'Deze browser geeft geen canvas om het beeld mee te lezen.',
      'no-memory': ({ width, height }) =>
        `Deze browser heeft geen geheugen voor een foto van ${width} bij ${height} pixels.`,
      'not-loaded': () => 'Het model is nog niet geladen.',
      'no-class': ({ class: id }) => `Er is geen klasse ${id}.`,
    },
    ProjectError: {
      'not-a-project/kind': () => 'Dit bestand is geen project van On-the-Fly.',
      'not-a-project/model': () => 'Dit bestand is geen model van On-the-Fly.',
      'not-a-project/lacks': ({ file }) => `Dit bestand is geen project van On-the-Fly: er is geen ${file} in.`,
      'not-a-project/zip': () =>
        'Dit bestand is geen project van On-the-Fly: het is geen zip, of alleen een deel van een.',
      'too-large/contents': ({ examples, classes }) =>
        `Een project bevat hoogstens ${number(examples)} foto’s en ${number(classes)} klassen.`,
      'too-large/file': () => tooLarge('het bestand'),
      'too-large/files': () => tooLarge('het aantal bestanden erin'),
      'too-large/unpacked': () => tooLarge('uitgepakt'),
      'too-large/ratio': ({ file }) => tooLarge(`${file}, uitgepakt`),
      'too-large/member': ({ file }) => `${file} is groter dan het in een project kan zijn.`,
      'too-large/memory': ({ file }) => `${file} is groter dan het geheugen van dit apparaat.`,
      'unsafe/name': () => 'Deze zip bevat een bestand met een naam die in geen project voorkomt. Hij is niet geopend.',
      'unsafe/twice': ({ file }) => `Deze zip bevat ${file} twee keer. Hij is niet geopend.`,
      'changed/project': ({ file }) => `Dit project is niet zoals het is geëxporteerd: ${file} is sindsdien veranderd.`,
      'changed/model': ({ file }) => `Dit model is niet zoals het is geëxporteerd: ${file} is sindsdien veranderd.`,
      'newer/project': () =>
        'Dit project is met een nieuwere versie gemaakt. Open het op de site waar het vandaan komt.',
      'newer/model': () => 'Dit model is met een nieuwere versie gemaakt. Laad het met de site waar het vandaan komt.',
      'other-backbone/model': ({ theirs, ours }) =>
        `Dit model is gemaakt met ${inFull(theirs)}; deze site heeft ${inFull(ours)}.`,
      'other-backbone/project': ({ theirs, ours }) =>
        `Dit project hoort bij een site met het model ${inShort(theirs)}; deze heeft ${inShort(ours)}. De foto’s kunnen hier opnieuw worden geleerd.`,
      'other-backbone/fit': ({ theirs, ours }) =>
        `Dit project hoort bij een site die van een foto ${part(theirs.fit)} gebruikt; deze gebruikt ${part(ours.fit)}. De foto’s kunnen hier opnieuw worden geleerd.`,
      'unreadable-photo/stored': () => 'Deze browser bewaarde een foto op een manier die niet kan worden geëxporteerd.',
      'unreadable-photo/file': ({ photo }) => `Foto ${photo} van dit project kan niet worden gelezen.`,
      unreadable: () =>
        'Dit bestand kan niet worden gelezen: het is verplaatst, veranderd of verwijderd sinds het werd gekozen, of te groot voor dit apparaat. Kies het opnieuw.',
      'no-classes': () => 'Er is geen klasse om te exporteren.',
      'no-head': () => 'Dit project bevat geen getraind model. Train voor het exporteren.',
      diverged: () => 'Het trainen is ontspoord: de getallen zijn niet eindig. Train met een lagere leersnelheid.',
      ...damageMessages(damages, (where, what) => `Dit project is beschadigd: ${where}: ${what}.`),
    },
    StoreError: {
      refused: () => 'Deze browser laat deze pagina niets bewaren.',
      newer: () =>
        'Een nieuwere versie van deze pagina bewaart projecten in deze browser. Laad de pagina opnieuw om haar te krijgen.',
      blocked: () =>
        'Een oudere versie van deze pagina staat in een ander tabblad open. Sluit dat tabblad en probeer het opnieuw.',
      full: () => 'Er is geen ruimte meer in deze browser. Wis een project of foto’s en probeer het opnieuw.',
      closed: () =>
        'Deze pagina kan niet meer bij de opslag van de browser. Laad de pagina opnieuw om weer te kunnen bewaren.',
      missing: () => 'Dit is in deze browser niet meer bewaard. Misschien is het in een ander tabblad gewist.',
      failed: () => 'De browser kon dit niet bewaren of lezen.',
    },
  },
  foreign: (message) => `De browser meldt: ${message}`,
  unexpected: 'Er ging iets mis.',
};
