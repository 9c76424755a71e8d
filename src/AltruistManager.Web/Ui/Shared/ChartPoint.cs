namespace AltruistManager.Web.Ui.Shared;

/// <param name="At">In UTC.</param>
/// <param name="Other">Of the line it is compared with; null for none.</param>
public sealed record ChartPoint(DateTime At, double Value, double? Other = null);
