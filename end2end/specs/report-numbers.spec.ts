// A report says the numbers that the page and the API said of the same judgement; with JavaScript and without.
import { expect, test, type Demo, type Page } from '../harness/test.ts';

// a fleet of its own: a report that another file made would stand on its shelf
test.use({ demoArgs: ['--no-script', '--seed', '9'] });
test.describe.configure({ timeout: 180_000 });

interface Score {
  score: number | null;
  upper: number | null;
  unwaived: number | null;
  uncapped: number | null;
  confidence: number;
  letter: string | null;
}

interface Scored extends Score {
  grade: string;
  range: string;
  percent: number;
  trust: string;
}

/** What the API says of readiness. */
interface Readiness {
  at: string;
  headline: string;
  fleet: Scored;
  held_down: { check: string; title: string; at: number; blind: boolean; subjects: number; said: string }[];
  letters: { letter: string | null; services: number }[];
  rows: { service: string; scored: Scored; gates: { check: string; at: number }[] }[];
}

/** As much of a report's document as this is about. */
interface Document {
  readiness: {
    at: string;
    fleet: Score;
    caps: { check: string; at: number; blind: boolean; subjects: string[] }[];
    services: { score: Score }[];
  };
}

interface Told {
  told: Readiness;
  /** The figures of the page, by their words. */
  figures: Map<string, string>;
  held: string;
  /** How many services have which letter, in the page's words. */
  letters: string[];
  json: Document;
  html: string;
  markdown: string;
}

const number = (value: number | null) => (value === null ? '–' : String(value));
const single = (text: string) => text.replace(/\s+/g, ' ').trim();

/** The same numbers and nothing else. */
const bare = ({ score, upper, unwaived, uncapped, confidence, letter }: Score): Score => ({ score, upper, unwaived, uncapped, confidence, letter });

/** What the page says now, and the API of the very same judgement. */
async function shown(page: Page, demo: Demo): Promise<Pick<Told, 'told' | 'figures' | 'held' | 'letters'>> {
  await page.goto('/readiness');
  const at = () => page.locator('.headline time').first().getAttribute('datetime');
  const before = await at();
  const region = page.getByRole('region', { name: 'The score' });
  const [words, values] = [await region.locator('dt').allTextContents(), await region.locator('dd').allTextContents()];
  const figures = new Map(words.map((word, index) => [single(word), single(values[index] ?? '')]));
  const held = (await page.locator('#held li').allTextContents()).join(' ');
  const letters = (await page.locator('#letters li .count').allTextContents()).map(single);
  const told = await demo.api<Readiness>('/readiness?per=200');
  expect([await at(), told.at]).toEqual([before, before]);
  return { told, figures, held, letters };
}

/** Makes a report on the page that is ready for it; answers its files. */
async function made(desk: Page): Promise<Pick<Told, 'json' | 'html' | 'markdown'>> {
  await desk.getByRole('button', { name: 'Make the report' }).click();
  await expect(desk).toHaveURL(/\/reports#report-/, { timeout: 60_000 });
  const row = desk.locator(`[id="${new URL(desk.url()).hash.slice(1)}"]`);
  const file = async (name: RegExp) => {
    const path = await row.getByRole('link', { name }).getAttribute('href');
    const answer = await desk.request.get(path ?? '');
    expect(answer.status(), path ?? 'no link').toBe(200);
    return answer.text();
  };
  const { document } = JSON.parse(await file(/^JSON of/)) as { document: Document };
  return { json: document, html: await file(/^HTML of/), markdown: await file(/^Markdown of/) };
}

/** Page, API and report of one judgement. A judgement answers for five seconds, so it is tried until all three were in time. */
async function told(page: Page, demo: Demo): Promise<Told> {
  await expect.poll(async () => (await demo.api<Readiness>('/readiness')).fleet.score, { timeout: 60_000 }).not.toBeNull();
  const desk = await page.context().newPage();
  let all: Told | undefined;
  await expect(async () => {
    await desk.goto('/reports');
    await desk.getByRole('radio', { name: '7 days' }).check();
    const seen = await shown(page, demo);
    const report = await made(desk);
    expect(report.json.readiness.at).toBe(seen.told.at);
    all = { ...seen, ...report };
  }).toPass({ timeout: 120_000 });
  await desk.close();
  if (all === undefined) throw new Error('page, API and report never spoke of one judgement');
  return all;
}

test('a report says the numbers of the page', async ({ page, demo }) => {
  const { told: api, figures, held, letters, json, html, markdown } = await told(page, demo);
  const { fleet } = api;

  // the page says what the API says …
  const upper = (fleet.upper ?? 0) > (fleet.score ?? 0) ? ` up to ${fleet.upper}` : '';
  expect(figures.get('Score')).toBe(`${number(fleet.score)}${upper}`);
  expect(figures.get('Grade')).toBe(fleet.grade);
  expect(figures.get('Confidence')).toContain(`${fleet.percent} %`);
  expect(figures.get('Without waivers')).toBe(number(fleet.unwaived));
  expect(figures.get('Before gates')).toBe(number(fleet.uncapped));
  expect(api.held_down.length, 'the demo has services that fail a gated check').toBeGreaterThan(0);
  for (const { said } of api.held_down) expect(held).toContain(said);
  expect(letters).toEqual(api.letters.map(({ services }) => `${services} service${services === 1 ? '' : 's'}`));

  // … and so do the document, to the digit, …
  expect(bare(json.readiness.fleet)).toEqual(bare(fleet));
  const caps = json.readiness.caps.map(({ check, at, blind, subjects }) => ({ check, at, blind, subjects: subjects.length }));
  expect(caps).toEqual(api.held_down.map(({ check, at, blind, subjects }) => ({ check, at, blind, subjects })));
  for (const { letter, services } of api.letters) {
    expect(json.readiness.services.filter(({ score }) => score.letter === letter)).toHaveLength(services);
  }

  // … the page for a browser, and the hand-over for a wiki
  const confidence = `${fleet.percent} % (${fleet.trust})`;
  for (const [words, value] of [
    ['Grade', fleet.grade],
    ['Score', fleet.range],
    ['Confidence', confidence],
    ['Without waivers', number(fleet.unwaived)],
    ['Before gates', number(fleet.uncapped)],
  ] as const) {
    expect(html).toContain(`<div><dt>${words}</dt><dd>${value}</dd></div>`);
    expect(markdown).toContain(`- ${words}: **${value}**\n`);
  }
  const down = /Held down by gates: (.*)\./.exec(html)?.[1] ?? '';
  for (const { check, at } of api.held_down.slice(0, 3)) {
    expect(down).toMatch(new RegExp(`${check} \\(.*: at most ${at}(;|$)`));
    expect(markdown).toMatch(new RegExp(`Held down by gates: .*${check} \\(.*: at most ${at}`));
  }
  for (const { service, scored, gates } of api.rows) {
    const held = gates.map(({ check, at }) => `${check} at ${at}`).join(', ');
    const row = markdown.split('\n').find((line) => line.startsWith(`| ${service} |`) && line.includes(` | ${scored.range} | ${scored.percent} % | `));
    expect(row, `${service} in the report`).toContain(`| ${scored.grade} | ${scored.range} | ${scored.percent} % | ${held} |`);
  }
});
