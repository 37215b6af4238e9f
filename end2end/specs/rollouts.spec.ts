// Rollouts: planned, started, proven, aborted, stopped, put back; with JavaScript and without. The fleet runs twenty times as
// fast as the wall, so a bake of two minutes takes six seconds.
import { made } from '../harness/accounts.ts';
import { expect, test, type Demo, type Page } from '../harness/test.ts';

test.use({ demoArgs: ['--no-script', '--speed', '20'] });
// one rollout at a time is the rule of the house; and the way back needs the way forward
test.describe.configure({ mode: 'serial', timeout: 240_000 });

const CHECK = 'CMD-SHELL curl -f http://localhost:8080/health || exit 1';

interface Standing {
  status: string;
  notice: string | null;
}

const standing = (demo: Demo, page: Page) => demo.api<Standing>(new URL(page.url()).pathname);
const becomes = (demo: Demo, page: Page, status: string) =>
  expect.poll(async () => (await standing(demo, page)).status, { timeout: 200_000 }).toBe(status);

/** Opens a command that asks for a reason, and gives it. */
async function command(page: Page, name: string, reason: string): Promise<void> {
  const form = page.locator('details.command').filter({ has: page.locator('summary', { hasText: name }) });
  await form.locator('summary').click();
  await form.getByRole('textbox').fill(reason);
  await form.getByRole('button', { name }).click();
}

test('a health check is planned, kept, started and proven', async ({ page, demo }) => {
  await page.goto('/rollouts');
  await page.getByRole('link', { name: 'Plan a health check' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Plan a health check' })).toBeVisible();
  await page.getByRole('checkbox', { name: /^settings-nats/ }).check();
  await page.getByRole('searchbox').fill('time-manager');
  await page.getByRole('button', { name: 'Narrow' }).click();
  await expect(page.getByRole('checkbox', { name: /^settings-nats/ })).toBeChecked();
  await expect(page.getByRole('checkbox', { name: /^payment-nats/ })).toHaveCount(0);
  await page.getByRole('checkbox', { name: /^time-manager-nats/ }).check();
  await page.getByLabel('Command', { exact: true }).fill(CHECK);
  await page.getByLabel('Interval, in seconds').fill('5');
  await page.getByLabel('Timeout, in seconds').fill('2');
  await page.getByLabel('Retries').fill('1');
  // the application listens some seconds after its task runs
  await page.getByLabel('Start period, in seconds').fill('20');
  await page.getByLabel('Bake, in minutes').fill('2');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  // nothing typed is lost by what is missing
  await expect(page.locator('#plan')).toContainText('Say why');
  await expect(page.getByLabel('Why', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Command', { exact: true })).toHaveValue(CHECK);
  await page.getByLabel('Why', { exact: true }).fill('so that ECS sees what hangs');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  const plan = page.locator('#plan');
  await expect(plan.getByRole('heading', { level: 2 })).toContainText('Health check for 2 services');
  await expect(plan.locator('.plan-step')).toHaveCount(2);
  await plan.locator('.plan-step summary').first().click();
  await expect(plan.locator('pre').first()).toContainText('+ "healthCheck"');
  await page.getByRole('button', { name: 'Keep this plan' }).click();

  await expect(page).toHaveURL(/\/rollouts\/\d+$/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Health check for 2 services');
  await expect(page.locator('.track li')).toHaveCount(2);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(page.locator('main')).toContainText('so that ECS sees what hangs');
  await becomes(demo, page, 'succeeded');
  await page.reload();
  await expect(page.locator('#line')).toContainText('2 verified');
  await expect(page.locator('#steps').getByText('pass', { exact: true })).toHaveCount(2);
  await page.goto('/rollouts?only=ended');
  await expect(page.locator('#rollouts')).toContainText('2 of 2 verified');
});

test('a service is put back to its earlier revision in two clicks', async ({ page, demo }) => {
  await page.goto(await demo.pathOf('settings-nats'));
  await page.getByRole('link', { name: /^Put back to this revision/ }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Put settings-nats back to settings-nats:');
  await expect(page.locator('#plan pre').first()).toContainText('- ');
  await page.getByRole('button', { name: 'Put it back now' }).click();
  await expect(page).toHaveURL(/\/rollouts\/\d+$/);
  await becomes(demo, page, 'succeeded');
});

test('an abort takes the step under way back and says why', async ({ page, demo }) => {
  // long enough to be met in the middle
  await page.goto(await demo.planned(['quest-system-nats'], 3_600));
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect.poll(async () => (await standing(demo, page)).status).toBe('running');
  await page.reload();
  await command(page, 'Abort', 'the wrong service');
  await becomes(demo, page, 'aborted');
  await page.reload();
  await expect(page.locator('#record')).toContainText('the wrong service');
  await expect(page.locator('.others').getByRole('button', { name: 'Abort' })).toBeDisabled();
  await demo.settled();
});

test('stopping everything holds what begins, until it is lifted', async ({ page, demo }) => {
  await page.goto('/rollouts');
  await command(page, 'Stop everything', 'nobody knows what runs');
  await expect(page.getByRole('heading', { level: 2, name: 'Everything is stopped' })).toBeVisible();
  await page.goto('/');
  await expect(page.locator('#stopped')).toContainText('nobody knows what runs');
  const path = await demo.planned(['quest-system-nats']);
  await demo.tell(`${path}/commands`, { do: 'start' });
  await page.goto(path);
  await expect(page.locator('#notice')).toContainText('nobody knows what runs');
  await page.goto('/rollouts');
  await command(page, 'Lift the stop', 'somebody looked');
  await expect(page.getByRole('heading', { level: 2, name: 'Everything is stopped' })).toHaveCount(0);
  expect((await demo.api<Standing>(path)).notice).toBeNull();
  await demo.tell(`${path}/commands`, { do: 'abort', why: 'the test is over' });
  await expect.poll(async () => (await demo.api<Standing>(path)).status, { timeout: 200_000 }).toBe('aborted');
});

test.describe('a viewer', () => {
  test.use({ signedIn: false });

  test('sees it and may nothing', async ({ page, demo, javaScriptEnabled }) => {
    const path = await demo.planned(['payment-nats']);
    await made(page, demo, `Vera ${javaScriptEnabled ? 'live' : 'plain'}`, 'viewer');
    await page.goto(path);
    await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeDisabled();
    await expect(page.locator('#may-not')).toContainText('That needs the role operator');
    await page.goto('/rollouts');
    await expect(page.getByRole('button', { name: 'Stop everything' })).toBeDisabled();
    await page.goto('/rollouts/new');
    await expect(page.getByRole('button', { name: 'Show the plan' })).toBeDisabled();
    const refused = await page.request.post('/api/v1/stop', { data: { why: 'x' }, headers: { origin: demo.url } });
    expect(refused.status()).toBe(403);
  });
});
