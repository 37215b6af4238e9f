// The record moves by itself, and one key asks what came before.
import { expect, test } from '../harness/test.ts';

test.use({ demoArgs: ['--no-script', '--speed', '5'] });

test('a new entry appears at the top, and t asks what came before it', async ({ page, demo }) => {
  await page.goto('/timeline?kind=task_stopped');
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
  await demo.order('/tasks/stop', { service: 'weather-manager-nats', reason: 'stopped by the browser tests' });
  const entry = page.locator('.record > li:not(.day)').first();
  await expect(entry).toContainText('stopped by the browser tests', { timeout: 30_000 });
  await entry.getByRole('link', { name: 'weather-manager-nats' }).focus();
  await page.keyboard.press('t');
  await expect(page).toHaveURL(/\/timeline\?around=\d+$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('What changed in the ten minutes before this?');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await expect(page).toHaveURL(/\/timeline$/);
  await demo.settled();
});
