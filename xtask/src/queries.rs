//! The checked queries: `.sqlx` holds, for every `query!` in the server, what SQLite said of it at the current schema.
//!
//! No sqlx-cli: the macros write these files themselves when they are given a database and a directory. The database is
//! a scratch one made from `migrations/` by Python's own sqlite3. The trap: a stale file goes unnoticed (a query that
//! was removed, a column whose type changed), so the directory is always written anew and compared whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{place, run, say};

/// Applies every migration in order to a new file.
const MIGRATE: &str = "import pathlib, sqlite3, sys\n\
    connection = sqlite3.connect(sys.argv[1])\n\
    for file in sorted(pathlib.Path(sys.argv[2]).glob('*.sql')):\n    connection.executescript(file.read_text())\n\
    connection.close()\n";

/// Writes `.sqlx` anew.
pub(crate) fn rewrite() -> Result<()> {
    let fresh = described()?;
    let committed = place::root().join(".sqlx");
    if committed.exists() {
        fs::remove_dir_all(&committed).with_context(|| format!("cannot empty {}", committed.display()))?;
    }
    for (name, content) in &fresh {
        place::write(&committed.join(name), content)?;
    }
    say::note(format!("{} queries described in .sqlx", fresh.len()));
    Ok(())
}

/// Fails when `.sqlx` is not what the queries and migrations of this tree give.
pub(crate) fn check() -> Result<()> {
    let (fresh, committed) = (described()?, files(&place::root().join(".sqlx"))?);
    if fresh != committed {
        let differs = fresh.keys().chain(committed.keys()).filter(|name| fresh.get(*name) != committed.get(*name));
        let names: std::collections::BTreeSet<&str> = differs.map(String::as_str).collect();
        bail!("{} of .sqlx are not what the queries and migrations give; run `cargo xtask sqlx` and commit it", names.len());
    }
    Ok(())
}

/// What SQLite says of every query, by file name.
fn described() -> Result<BTreeMap<String, String>> {
    let scratch = place::scratch("sqlx")?;
    let (database, queries) = (scratch.join("scratch.db"), scratch.join("queries"));
    place::make_dir(&queries)?;
    let migrations = place::root().join("migrations");
    run::to_end(run::program("python3", &["-c", MIGRATE]).args([&database, &migrations]))?;
    // the macros only run when the crate is compiled again; its sources must look new to cargo
    let library = place::root().join("server/src/lib.rs");
    let source = place::read(&library)?;
    place::write(&library, source)?;
    // the whole workspace, as clippy checked it: one package alone resolves its dependencies' features otherwise, and
    // half of the tree is checked a second time
    let mut cargo = run::cargo(&["check", "--workspace", "--all-targets"]);
    run::to_end(cargo.env("DATABASE_URL", format!("sqlite://{}", database.display())).env("SQLX_OFFLINE_DIR", &queries))?;
    files(&queries)
}

fn files(dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}; run `cargo xtask sqlx`", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, place::read(&path)?);
        }
    }
    Ok(found)
}
