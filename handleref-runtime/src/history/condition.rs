//! What conditions on records have in common.

/// Makes a type a condition that can stand wherever `column` can.
macro_rules! condition {
    ($node:ident<S $(, $param:ident)* $(; $name:ident: $ty:ty)?> on $column:ident) => {
        impl<S $(, $param)* $(, const $name: $ty)?> diesel::Expression for $node<S $(, $param)* $(, $name)?> {
            type SqlType = diesel::sql_types::Bool;
        }
        impl<S $(, $param)*, QS $(, const $name: $ty)?> diesel::AppearsOnTable<QS> for $node<S $(, $param)* $(, $name)?> where
            $column<S>: diesel::AppearsOnTable<QS>
        {
        }
        impl<S $(, $param)*, QS $(, const $name: $ty)?> diesel::SelectableExpression<QS> for $node<S $(, $param)* $(, $name)?>
        where
            $column<S>: diesel::SelectableExpression<QS>,
            Self: diesel::AppearsOnTable<QS>,
        {
        }
        impl<S $(, $param)*, GB $(, const $name: $ty)?> diesel::expression::ValidGrouping<GB> for $node<S $(, $param)* $(, $name)?>
        where
            $column<S>: $crate::grouped::Grouped<GB>,
        {
            type IsAggregate = <$column<S> as $crate::grouped::Grouped<GB>>::IsAggregate;
        }
    };
}
pub(super) use condition;
