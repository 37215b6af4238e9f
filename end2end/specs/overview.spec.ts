// The main job: is the fleet well? On one page, complete in the HTML.
import { expect, test, type Page } from '../harness/test.ts';

function figure(page: Page, name: RegExp) {
  return page.getByRole('navigation', { name: 'The fleet at a glance' }).getByRole('link', { name });
}

test('shows the whole fleet, and what is off on purpose apart', async ({ page }) => {
  await page.goto('/');
  await expect(figure(page, /services up/)).toContainText(/\b22\s*\/\s*22\b/);
  await expect(figure(page, /tasks/)).toContainText(/\b44\s*\/\s*44\b/);
  await expect(figure(page, /alarms/)).toContainText(/\b0\s*\/\s*66\b/);
  await expect(figure(page, /NATS nodes/)).toContainText(/\b5\s*\/\s*5\b/);
  await expect(figure(page, /connections/)).toContainText(/\b44\b/);
  await expect(page.getByText(/off on purpose/).first()).toBeVisible();
});

test('says that the fleet is simulated, and by which rule it counts', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText(/simulated/)).toBeVisible();
  await expect(page.getByText(/wants? at least one task/).first()).toBeVisible();
});

test('leads to the service that one clicks', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('main').getByRole('link', { name: /auth-nats/ }).first().click();
  await expect(page).toHaveURL(/\/services\/[^/]+\/[^/]+\/auth-nats/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('auth-nats');
});

test('an age stands beside what was observed', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText(/\b\d+ (s|min) ago\b/).first()).toBeVisible();
});
