// What an open page does when its session ends.
import { expect, test } from '../harness/test.ts';

test.use({ tolerated: /status of 401|ERR_INCOMPLETE_CHUNKED_ENCODING/ });

test('an open page goes to the login page, which leads back to it', async ({ page }) => {
  await page.goto('/services?q=auth');
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
  // signed out in another tab
  const other = await page.context().newPage();
  await other.goto('/access');
  await other.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page).toHaveURL(/\/login\?to=%2Fservices%3Fq%3Dauth$/, { timeout: 30_000 });
});

test('a page in which somebody is typing stays, and says so', async ({ page }) => {
  await page.goto('/access');
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
  await page.getByRole('textbox', { name: 'What it is for' }).fill('half a na');
  const other = await page.context().newPage();
  await other.goto('/access');
  await other.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByText('Your session has ended')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('textbox', { name: 'What it is for' })).toHaveValue('half a na');
});
