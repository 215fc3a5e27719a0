#!/usr/bin/env node
// For each broken set of metadata: what the validator of DCAT-AP.de says of it, said plainly as Turtle, against the
// findings that stand beside the set and that proto/dcat/rules.c gives (test_rules.c).
//   node compare.mjs VALIDATOR-DIR SETS.json
// Findings marked "ours" are rules that the validator does not have.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const [dir, file] = process.argv.slice(2)
const { parseTurtle, validate } = await import(pathToFileURL(join(dir, 'validate.mjs')))
const sets = JSON.parse(readFileSync(file, 'utf8'))
const EU = 'http://publications.europa.eu/resource/authority/'
const DE = 'http://dcat-ap.de/def/'
const HVD = 'http://data.europa.eu/eli/reg_impl/2023/138/oj'
const BASES = {
  themes: EU + 'data-theme/', frequency: EU + 'frequency/', languages: EU + 'language/', access_rights: EU + 'access-right/',
  availability: EU + 'planned-availability/', license: DE + 'licenses/', political_level: DE + 'politicalGeocoding/Level/',
  hvd_categories: 'http://data.europa.eu/bna/', contributor_ids: DE + 'contributors/', format: EU + 'file-type/',
}
const FORMATS = { csv: 'CSV', json: 'JSON', geojson: 'GEOJSON', pdf: 'PDF', xlsx: 'XLSX' }
const PREFIXES = `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dcatap: <http://data.europa.eu/r5r/> .
@prefix dcatde: <http://dcat-ap.de/def/dcatde/> . @prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix geo: <http://www.opengis.net/ont/geosparql#> .\n`
const list = x => (x === undefined || x === '' ? [] : Array.isArray(x) ? x : [x])
const text = x => JSON.stringify(String(x))
const isIri = x => /^[a-z][a-z0-9+.-]*:[^\s"<>\\^`{|}]+$/i.test(x)
// A code as the IRI that it would be, an IRI as it is; what can be neither is a text, as a careless program writes it.
const term = (name, x) => isIri(x) ? `<${x}>` : /^[\w./()-]+$/.test(x) ? `<${BASES[name] ?? ''}${x}>` : text(x)
const iri = (prefix, x) => isIri(prefix + x) ? `<${prefix}${x}>` : text(x)

// All sets stand in one graph, each below an IRI of its own.
const base = n => `http://x.example/${n}/`
function turtle ({ metadata: m, files }, n) {
  const out = []
  const say = (s, p, o) => out.push(`${s} ${p} ${o} .`)
  const B = base(n)
  const D = `<${B}d>`
  say(`<${B}c>`, 'a', 'dcat:Catalog')
  say(`<${B}c>`, 'dcterms:title', '"K"')
  say(`<${B}c>`, 'dcterms:description', '"K"')
  say(`<${B}c>`, 'dcterms:publisher', `<${B}o>`)
  say(`<${B}c>`, 'dcat:dataset', D)
  say(`<${B}o>`, 'a', 'foaf:Agent')
  say(`<${B}o>`, 'foaf:name', text(m.publisher?.name ?? 'Stadt Musterstadt'))
  say(D, 'a', 'dcat:Dataset')
  say(D, 'dcterms:publisher', `<${B}o>`)
  // what every node adds
  say(D, 'dcterms:identifier', text(m.identifier ?? 'urn:uuid:0b6f2a54-53f4-4b66-9d6f-6f0a52a2f7a1'))
  say(D, 'dcterms:modified', '"2026-05-01T08:00:00Z"^^xsd:dateTime')
  for (const [name, property] of [['title', 'dcterms:title'], ['description', 'dcterms:description'], ['keywords', 'dcat:keyword']]) {
    for (const x of list(m[name])) say(D, property, text(x))
  }
  for (const [name, property] of [['themes', 'dcat:theme'], ['languages', 'dcterms:language'], ['contributor_ids', 'dcatde:contributorID'],
    ['frequency', 'dcterms:accrualPeriodicity'], ['access_rights', 'dcterms:accessRights'], ['availability', 'dcatap:availability'],
    ['political_level', 'dcatde:politicalGeocodingLevelURI'], ['hvd_categories', 'dcatap:hvdCategory'],
    ['legislation', 'dcatap:applicableLegislation'], ['landing_page', 'dcat:landingPage']]) {
    for (const x of list(m[name])) say(D, property, term(name, x))
  }
  if (m.place?.key) say(D, 'dcterms:spatial', `<${DE}politicalGeocoding/municipalityKey/${m.place.key}>`)
  if (m.place?.bbox) {
    const [w, s, e, n] = m.place.bbox
    say(D, 'dcterms:spatial', `[ a dcterms:Location ; dcat:bbox "POLYGON((${w} ${s},${e} ${s},${e} ${n},${w} ${n},${w} ${s}))"^^geo:wktLiteral ]`)
  }
  if (m.time) {
    const dates = Object.entries(m.time).map(([k, v]) => ` ; dcat:${k === 'from' ? 'startDate' : 'endDate'} ${text(v)}^^xsd:${/^\d{4}$/.test(v) ? 'gYear' : 'date'}`)
    say(D, 'dcterms:temporal', `[ a dcterms:PeriodOfTime${dates.join('')} ]`)
  }
  if (m.contact) {
    const c = m.contact
    say(D, 'dcat:contactPoint', '[ a vcard:Kind' + (c.name ? ` ; vcard:fn ${text(c.name)}` : '') +
      (c.email ? ` ; vcard:hasEmail ${iri('mailto:', c.email)}` : '') + (c.url ? ` ; vcard:hasURL ${iri('', c.url)}` : '') +
      (c.phone ? ` ; vcard:hasTelephone ${iri('tel:', c.phone.replace(/[^+\d]/g, ''))}` : '') + ' ]')
  }
  files.forEach((name, i) => {
    const R = `<${B}r${i}>`
    const format = FORMATS[name.split('.').pop()]
    say(D, 'dcat:distribution', R)
    say(R, 'a', 'dcat:Distribution')
    say(R, 'dcterms:title', text(name))
    say(R, 'dcat:accessURL', `<${B}${name}>`)
    if (format) say(R, 'dcterms:format', term('format', format))
    for (const x of list(m.license)) say(R, 'dcterms:license', term('license', x))
    if (m.attribution) say(R, 'dcatde:licenseAttributionByText', text(m.attribution))
    for (const x of list(m.availability)) say(R, 'dcatap:availability', term('availability', x))
    for (const x of list(m.legislation)) say(R, 'dcatap:applicableLegislation', term('legislation', x))
  })
  return out.join('\n') + '\n'
}

// The name of metadata that a property comes from, by its last part.
const FIELDS = {
  title: 'title', description: 'description', keyword: 'keywords', theme: 'themes', language: 'languages', contributorID: 'contributor_ids',
  accrualPeriodicity: 'frequency', accessRights: 'access_rights', availability: 'availability', politicalGeocodingLevelURI: 'political_level',
  hvdCategory: 'hvd_categories', applicableLegislation: 'legislation', landingPage: 'landing_page', license: 'license', format: 'files',
  distribution: 'files', spatial: 'place', bbox: 'place', temporal: 'time', startDate: 'time', endDate: 'time', contactPoint: 'contact',
  hasEmail: 'contact', hasURL: 'contact', hasTelephone: 'contact', fn: 'contact', publisher: 'publisher', name: 'publisher',
  identifier: 'identifier', accessURL: 'files',
}
const LIGHTS = { de: 'specification', konv: 'govdata', mqa: 'govdata', hvd: 'hvd' }

const last = x => x.split(/[#/]/).pop()
const number = iri => Number(/^http:\/\/x\.example\/(\d+)\//.exec(iri)?.[1] ?? -1)

// The sets that a node belongs to, with the field that has led to it. A shape on a value reports the value as its focus, and
// several sets may have the same.
function * owners (node, quads, depth = 0) {
  if (number(node) >= 0) yield { set: number(node) }
  else if (depth < 3) {
    for (const q of quads) {
      if (q.object.value === node) for (const o of owners(q.subject.value, quads, depth + 1)) yield { set: o.set, field: o.field ?? FIELDS[last(q.predicate.value)] }
    }
  }
}

// The worst colour for each light and field of each set. What the validator itself calls negligible is left out, and so is
// what it says of a contact as that of a high-value dataset, when it is none.
async function find () {
  const quads = parseTurtle(PREFIXES + sets.map(turtle).join(''))
  const found = sets.map(() => new Map())
  for (const profile of ['de', 'konv', 'mqa', 'hvd']) {
    for (const r of await validate(quads, profile)) {
      if (/kann ignoriert werden/.test(r.message)) continue
      for (const o of owners(r.focus, quads)) {
        const set = sets[o.set]
        if (profile === 'hvd' && !(set.metadata.legislation ?? []).includes(HVD)) continue
        // What has no path says in words what it is about.
        const field = FIELDS[last(r.path)] ?? o.field ?? (/Lizenz/i.test(r.message) ? 'license' : `? ${r.path} ${r.message}`)
        const key = `${LIGHTS[profile]} ? ${field}`
        if (found[o.set].get(key) !== 'red') found[o.set].set(key, /Warning|Info/.test(r.severity) ? 'yellow' : 'red')
      }
    }
  }
  return found.map(worst => new Set([...worst].map(([key, colour]) => key.replace('?', colour))))
}

let wrong = 0
const differ = (set, what, finding) => { wrong++; console.log(`${set.name}: ${what}: ${finding}`) }
const found = await find()
sets.forEach((set, n) => {
  const theirs = found[n]
  const ours = set.findings.map(f => f.replace(/ ours$/, ''))
  for (const f of theirs) {
    if (!ours.includes(f) && !ours.includes(f.replace(' yellow ', ' red '))) differ(set, 'the validator alone finds', f)
  }
  for (const f of set.findings) {
    if (f.endsWith(' ours') === theirs.has(f.replace(/ ours$/, ''))) differ(set, f.endsWith(' ours') ? 'the validator finds too' : 'the rules alone find', f)
  }
})
console.log(`${sets.length} sets of metadata compared, ${wrong} differences`)
process.exit(wrong || sets.length < 40 ? 1 : 0)
