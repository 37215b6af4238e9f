// The keys that work on every page.
import { expect, test } from '../harness/test.ts';

test.beforeEach(async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
});

test('/ goes to the search field, wherever one is', async ({ page }) => {
  await page.keyboard.press('/');
  await expect(page).toHaveURL(/\/services$/);
  const search = page.getByRole('searchbox');
  await expect(search).toBeFocused();
  await page.keyboard.type('/?gs');
  await expect(search).toHaveValue('/?gs');
  await page.keyboard.press('Escape');
  await expect(search).not.toBeFocused();
  await page.keyboard.press('/');
  await expect(search).toBeFocused();
});

test('? shows the keys, Escape closes them', async ({ page }) => {
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await expect(dialog).toBeVisible();
  await expect(dialog).toContainText('search the services');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('g and a letter go to a page', async ({ page }) => {
  for (const [letter, path] of [['s', /\/services$/], ['r', /\/sources$/], ['o', /\/$/]] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await expect(page).toHaveURL(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  }
});

test('a link skips to the content', async ({ page }) => {
  await page.keyboard.press('Tab');
  await expect(page.locator(':focus')).toHaveText(/skip/i);
});
