// The keys that work on every page.
import { expect, test } from '../harness/test.ts';

test.beforeEach(async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
});

test('f goes to the filter of the list, wherever one is', async ({ page }) => {
  await page.keyboard.press('f');
  await expect(page).toHaveURL(/\/services$/);
  const filter = page.getByRole('searchbox', { name: 'Name' });
  await expect(filter).toBeFocused();
  await page.keyboard.type('/?gs');
  await expect(filter).toHaveValue('/?gs');
  await page.keyboard.press('Escape');
  await expect(filter).not.toBeFocused();
  await page.keyboard.press('f');
  await expect(filter).toBeFocused();
});

for (const keys of ['/', 'Control+k']) {
  test(`${keys} opens the palette, which goes to a service or a page`, async ({ page }) => {
    await page.keyboard.press(keys);
    const palette = page.getByRole('dialog', { name: 'Go to' });
    const field = palette.getByRole('combobox');
    await expect(field).toBeFocused();
    await field.fill('story');
    await expect(palette.getByRole('option').filter({ hasText: 'story-teller-nats' })).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/services\/.*\/story-teller-nats$/);
    await expect(palette).toBeHidden();
    await page.keyboard.press(keys);
    await field.fill('sour');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/sources$/);
    await page.keyboard.press(keys);
    await field.fill('no service is called so');
    await expect(palette).toContainText('Nothing is called so.');
    await page.keyboard.press('Escape');
    await expect(palette).toBeHidden();
  });
}

test('? shows the keys, Escape closes them', async ({ page }) => {
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await expect(dialog).toBeVisible();
  await expect(dialog).toContainText('go to any service or page');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('g and a letter go to a page', async ({ page }) => {
  for (const [letter, path] of [['s', /\/services$/], ['t', /\/timeline$/], ['r', /\/rollouts$/], ['e', /\/readiness$/], ['c', /\/sources$/], ['o', /\/$/]] as const) {
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
