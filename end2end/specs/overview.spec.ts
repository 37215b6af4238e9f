// The main job: is the fleet well? On one page, complete in the HTML.
import { expect, test, type Page } from '../harness/test.ts';

function figure(page: Page, name: RegExp) {
  return page.getByRole('navigation', { name: 'The fleet at a glance' }).getByRole('link', { name }).locator('b');
}

test('shows the whole fleet, and what is off on purpose apart', async ({ page }) => {
  await page.goto('/');
  await expect(figure(page, /services up/)).toHaveText('22 / 22');
  await expect(figure(page, /tasks running/)).toHaveText('44 / 44');
  await expect(figure(page, /alarms on/)).toHaveText('0 / 66');
  await expect(figure(page, /NATS nodes/)).toHaveText('5 / 5');
  await expect(figure(page, /NATS connections/)).toHaveText('44');
  await expect(figure(page, /off on purpose/)).toHaveText('1');
});

test('says that the fleet is simulated, and by which rule it counts', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText(/simulated/)).toBeVisible();
  await expect(page.getByText(/at least one task/).first()).toBeVisible();
});

test('has one tile for each service, which leads to its page', async ({ page }) => {
  await page.goto('/');
  const tiles = page.getByRole('main').locator('.tile');
  await expect(tiles).toHaveCount(23);
  await expect(tiles.filter({ hasText: 'language-system-nats' })).toContainText('off on purpose');
  await tiles.filter({ hasText: 'auth-nats' }).click();
  await expect(page).toHaveURL(/\/services\/[^/]+\/[^/]+\/auth-nats$/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('auth-nats');
});

test('every figure has its age', async ({ page }) => {
  await page.goto('/');
  const figures = page.getByRole('navigation', { name: 'The fleet at a glance' }).getByRole('listitem');
  // six of the fleet, and the score
  await expect(figures).toHaveCount(7);
  for (const figure of await figures.all()) {
    await expect(figure.locator('time')).toHaveAttribute('datetime', /^\d{4}-\d\d-\d\dT/);
    await expect(figure.locator('time')).toHaveText(/\d+ \w+ ago|now/);
  }
});
