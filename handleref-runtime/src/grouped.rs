//! Diesel's `ValidGrouping`, behind a trait of our own.

use diesel::expression::ValidGrouping;

/// What `ValidGrouping` says about an expression.
///
/// While the compiler does not know the model of an expression, it looks
/// through all impls of the trait that is asked for. Among those of
/// `ValidGrouping`, which Diesel has for tuples of every length, it never comes
/// to an end; here there is one.
pub trait Grouped<GB> {
    /// `ValidGrouping::IsAggregate`.
    type IsAggregate;
}

impl<E: ValidGrouping<GB>, GB> Grouped<GB> for E {
    type IsAggregate = E::IsAggregate;
}
