// Readiness: the same numbers on the page and in the API, each check answered, what a rollout can mend; with JavaScript and without.
import { expect, test, type Demo, type Page } from '../harness/test.ts';

interface Scored {
  score: number | null;
  upper: number | null;
  unwaived: number | null;
  uncapped: number | null;
  grade: string;
  range: string;
  percent: number;
}

interface Row {
  environment: string;
  cluster: string;
  service: string;
  scored: Scored;
  fails: number;
  unknown: number;
}

interface Readiness {
  at: string;
  headline: string;
  fleet: Scored;
  held_down: { check: string; at: number; said: string }[];
  targets: { name: string; reached: boolean; said: string }[];
  checks: { id: string; pass: number; fail: number; unknown: number; waived: number }[];
  mending: { label: string; path: string; said: string } | null;
  rows: Row[];
  paging: { matching: number; total: number };
}

interface Answered {
  headline: string;
  groups: { checks: { id: string; state: string; words: string; said: string; why: string; remedy: string }[] }[];
}

/** The page and what the API says, of one and the same judgement: the score may move between two of them. */
async function both(page: Page, demo: Demo, path: string): Promise<Readiness> {
  let told: Readiness | undefined;
  await expect(async () => {
    const before = await demo.api<Readiness>(path);
    await page.goto(path);
    const at = await page.locator('.headline time').first().getAttribute('datetime');
    expect(at).toBe(before.at);
    told = before;
  }).toPass({ timeout: 40_000 });
  if (told === undefined) throw new Error('the page and the API never spoke of one judgement');
  return told;
}

const figure = (page: Page, words: string) =>
  page.getByRole('region', { name: 'The score' }).locator('div').filter({ has: page.locator('dt', { hasText: new RegExp(`^${words}$`) }) }).locator('dd');
const list = (page: Page) => page.locator('#services table.scores tbody tr');
const number = (value: number | null) => (value === null ? '–' : String(value));

/** Every source has been judged: there is a score, and somebody's health check is missing. */
const judged = (demo: Demo) =>
  expect.poll(async () => (await demo.api<Readiness>('/readiness')).fleet.score, { timeout: 60_000 }).not.toBeNull();

test('the page says the numbers the API says', async ({ page, demo }) => {
  await judged(demo);
  const told = await both(page, demo, '/readiness');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(told.headline);
  await expect(figure(page, 'Score').locator('b')).toHaveText(number(told.fleet.score));
  await expect(figure(page, 'Grade')).toHaveText(told.fleet.grade);
  await expect(figure(page, 'Confidence')).toContainText(`${told.fleet.percent} %`);
  await expect(figure(page, 'Without waivers')).toHaveText(number(told.fleet.unwaived));
  await expect(figure(page, 'Before gates')).toHaveText(number(told.fleet.uncapped));
  for (const held of told.held_down) await expect(page.locator('#held')).toContainText(held.said);
  for (const target of told.targets) await expect(page.locator('#targets')).toContainText(target.said);
  const check = told.checks.find(({ id }) => id === 'H1');
  const cells = page.locator('#checks tbody tr').filter({ has: page.locator('th b', { hasText: /^H1$/ }) }).locator('td');
  await expect(cells.nth(1)).toHaveText(String(check?.pass));
  await expect(cells.nth(3)).toHaveText(String(check?.fail));
  await expect(list(page)).toHaveCount(told.rows.length);
  const first = told.rows[0];
  if (first === undefined) throw new Error('no service was judged');
  await expect(list(page).first()).toContainText(first.service);
  await expect(list(page).first()).toContainText(first.scored.range);
});

test('the list is filtered, sorted and saved as CSV', async ({ page, demo }) => {
  await judged(demo);
  await page.goto('/readiness');
  await page.getByRole('searchbox').fill('AUTH-nats');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/[?&]q=AUTH-nats/);
  await expect(list(page)).toHaveCount(1);
  await expect(list(page).first()).toContainText('auth-nats');
  const saved = await page.request.get((await page.getByRole('link', { name: 'This list as CSV' }).getAttribute('href')) ?? '');
  expect(saved.headers()['content-type']).toContain('text/csv');
  expect((await saved.text()).trim().split('\r\n')).toHaveLength(2);
  await page.goto('/readiness?sort=name');
  const names = await list(page).locator('th a').allInnerTexts();
  expect(names).toEqual([...names].sort());
  await page.goto('/readiness?colour=red&check=Z9');
  await expect(page.getByText('colour=red check=Z9')).toBeVisible();
});

test('a link on what holds the score down leads to the services it is about', async ({ page, demo }) => {
  await judged(demo);
  const told = await both(page, demo, '/readiness');
  const held = told.held_down.find(({ said }) => said.includes(' on '));
  expect(held, 'the demo has services that fail a gated check').toBeDefined();
  await page.locator('#held').getByRole('link', { name: held?.said }).click();
  await expect(page).toHaveURL(new RegExp(`check=${held?.check}`));
  await expect(list(page).first()).toContainText(held?.check ?? '');
});

test('each check of a service is answered, and what a rollout can mend is planned from there', async ({ page, demo }) => {
  await judged(demo);
  const fleet = await demo.api<Readiness>('/readiness?check=H1&state=fail&sort=name');
  const row = fleet.rows[0];
  expect(row, 'most services of the demo have no health check').toBeDefined();
  if (row === undefined) return;
  const place = [row.environment, row.cluster, row.service].map(encodeURIComponent).join('/');
  await page.goto(`/services/${place}`);
  await page.locator('#readiness').getByRole('link', { name: /^Each check answered/ }).click();
  await expect(page).toHaveURL(new RegExp(`/readiness/.*/${row.service}$`));
  await expect(page.getByRole('heading', { level: 1 })).toContainText(row.service);
  const told = await demo.api<Answered>(`/services/${place}/readiness`);
  for (const check of told.groups.flatMap(({ checks }) => checks)) {
    const answer = page.locator(`[id="check-${check.id}"]`);
    await expect(answer).toContainText(check.words);
    await expect(answer).toContainText(check.why);
    await expect(answer).toContainText(check.remedy);
  }
  const failing = page.locator('#check-H1');
  await expect(failing).toContainText("the fleet's score would");
  await failing.getByRole('link', { name: 'Plan a health check for it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Plan a health check' })).toBeVisible();
  await expect(page.getByRole('checkbox', { name: new RegExp(`^${row.service}`) })).toBeChecked();
});

test('the Overview says the score and leads to it', async ({ page, demo }) => {
  await judged(demo);
  await page.goto('/');
  const fact = page.getByRole('navigation', { name: 'The fleet at a glance' }).getByRole('link', { name: /readiness/ });
  await expect(fact.locator('b')).toHaveText(/^\d+( up to \d+)?$/);
  await fact.click();
  await expect(page).toHaveURL(/\/readiness$/);
  await expect(page.getByRole('navigation', { name: 'Pages', exact: true }).getByRole('link', { name: 'Readiness' })).toHaveAttribute('aria-current', 'page');
});
