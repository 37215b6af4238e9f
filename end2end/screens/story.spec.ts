// The pictures of docs/story.md, of the running product: `cargo xtask screens --docs` takes them. The script of the demo is the
// same each time, so they tell the same night; it begins after three calm minutes.
import { join } from 'node:path';
import { expect, test, type Page } from '../harness/test.ts';

const to = process.env.SIGNALBOX_SCREENS ?? 'screens';

// the night takes as long as it takes
test.describe.configure({ timeout: 15 * 60_000 });
test.use({ demoArgs: [], colorScheme: 'light', viewport: { width: 1280, height: 900 } });

async function picture(page: Page, name: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(to, `${name}.png`) });
}

test('a service crash-loops because a NATS node is gone', async ({ page }) => {
  await page.goto('/');
  const down = page.getByRole('link', { name: /^what happened$/ });
  await expect(page.getByText(/ runs 0 of \d tasks/).first()).toBeVisible({ timeout: 8 * 60_000 });
  await expect(page.getByText(/serves its customers badly/)).toBeVisible({ timeout: 4 * 60_000 });
  await expect(page.getByText(/tasks failed in the last 15 minutes/).first()).toBeVisible({ timeout: 60_000 });
  await expect(down.first()).toBeVisible();
  await picture(page, 'overview');

  const need = page.locator('li', { hasText: /runs 0 of \d tasks/ }).first();
  await need.getByRole('link').first().click();
  await expect(page.getByText(/Last \d+ lines/).first()).toBeVisible({ timeout: 60_000 });
  await picture(page, 'story-service');

  // of the oldest stop: what came before that is what began it
  await page.getByRole('link', { name: 'what changed before' }).last().click();
  await expect(page.getByText('does not answer').first()).toBeVisible({ timeout: 60_000 });
  await picture(page, 'story-around');

  await page.goto('/nats');
  await expect(page.getByRole('heading', { name: /NATS: \d+ of \d+ nodes answer/ })).toBeVisible();
  await picture(page, 'story-nats');

  await page.goto('/alarms/coverage');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, 'story-coverage');
});
