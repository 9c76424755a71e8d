using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Client.Tests;

/// <summary>The rule of generations and origins, whatever managers tell in whatever order.</summary>
public sealed class HeldSelectionsTests
{
    private static readonly Arbitrary<(int Origin, int Generation)[]> Stories =
        Gen.Choose(0, 3).SelectMany(origin => Gen.Choose(1, 12).Select(generation => (origin, generation))).ArrayOf().ToArbitrary();

    [Fact]
    public void Generation_of_an_origin_never_goes_back_and_nothing_else_is_refused() => Prop.ForAll(Stories, story =>
    {
        var held = HeldSelections.Nothing;
        var greatest = new Dictionary<string, long>();
        foreach (var (origin, generation) in story)
        {
            var told = Set($"origin-{origin}", generation);
            var next = held.Take(told);
            var isOlder = greatest.TryGetValue(told.Origin, out var known) && told.Generation < known;
            if (isOlder != (next is null))
                return false;
            if (next is null)
                continue;
            if (!ReferenceEquals(next.Current, told))
                return false;
            greatest[told.Origin] = told.Generation;
            held = next;
        }

        return true;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Origins_met_long_ago_are_forgotten_so_that_nothing_grows()
    {
        var held = HeldSelections.Nothing;
        for (var i = 0; i < 100; i++)
            held = held.Take(Set($"origin-{i}", 5))!;
        Assert.Equal(16, held.Marks.Count);
        Assert.Null(held.Take(Set("origin-84", 4)));
        Assert.NotNull(held.Take(Set("origin-83", 4)));
    }

    [Fact]
    public void Generation_of_the_whole_is_never_below_that_of_a_pick()
    {
        var set = SelectionReader.ReadSet(Told.Body(5, Told.Slot("0021", 5, "a")));
        var next = set.With([SelectionReader.ReadSelection(System.Text.Encoding.UTF8.GetBytes(Told.Slot("0021", 9, "b").ToJsonString()))], 0);
        Assert.Equal((9, "b"), (next.Generation, next.Find("0021")!.Primary!.Id));
        Assert.Equal(next.Generation, SelectionReader.ReadSet(next.Body).Generation);
    }

    private static SelectionSet Set(string origin, long generation) => SelectionReader.ReadSet(Told.Body(origin, generation, []));
}
