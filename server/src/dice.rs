//! The edge at which chance enters: the only place in the server that asks the system for random bytes.
//!
//! Everything else is handed an `Arc<dyn Dice>`, as it is handed its clock.

/// Where secrets come from.
pub trait Dice: Send + Sync {
    /// Fills with bytes nobody can foretell.
    ///
    /// # Errors
    /// When the system has none to give; no secret may be made then.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// The system's own generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDice;

impl Dice for SystemDice {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        getrandom::fill(bytes).map_err(|error| std::io::Error::other(error.to_string()))
    }
}
