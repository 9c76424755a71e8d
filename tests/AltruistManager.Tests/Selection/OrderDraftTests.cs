using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Tests.Selection;

/// <summary>What is wrong with an order is told by whatever way it comes.</summary>
public sealed class OrderDraftTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string?, string?> Reasons => new()
    {
        { null, "is required" },
        { "", "must have 1 to 500 characters" },
        { new string('x', 501), "must have 1 to 500 characters" },
        { "an incident\nheld by somebody else", "must not hold control characters" },
        { new string('x', 500), null },
    };

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Reason_is_there_and_is_one_readable_line(string? reason, string? wrong)
    {
        var (ofHold, ofOverride) = (new FieldErrors(), new FieldErrors());
        new HoldDraft { Reason = reason, Until = Noon.AddHours(1) }.Check(Roster.Empty, "user:1", Noon, ofHold);
        new OverrideDraft { Reason = reason, ExpiresAt = Noon.AddHours(1) }.Check(Roster.Empty, "user:1", Noon, ofOverride);
        foreach (var errors in new[] { ofHold.ToDictionary(), ofOverride.ToDictionary() })
            Assert.Equal(wrong, errors.TryGetValue("reason", out var found) ? Assert.Single(found) : null);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("ticket\u00077", "must not hold control characters")]
    public void Note_is_one_readable_line_if_there_is_one(string? note, string? wrong)
    {
        var errors = new FieldErrors();
        new OverrideDraft { Reason = "because", Note = note, ExpiresAt = Noon.AddHours(1) }.Check(Roster.Empty, "user:1", Noon, errors);
        Assert.Equal(wrong, errors.ToDictionary().TryGetValue("note", out var found) ? Assert.Single(found) : null);
    }

    [Fact]
    public void What_was_found_wrong_with_the_reason_before_is_not_told_twice()
    {
        var errors = new FieldErrors();
        errors.Add("reason", "must be text");
        new HoldDraft { Until = Noon.AddHours(1) }.Check(Roster.Empty, "user:1", Noon, errors);
        Assert.Equal(["must be text"], errors.ToDictionary()["reason"]);
    }
}
