using AltruistManager.Selection;
using AltruistManager.Tests.Selection.Policies;

namespace AltruistManager.Tests.Selection;

/// <summary>What is foretold comes true when nothing changes.</summary>
public sealed class ForecastTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    [Theory]
    [InlineData("least-used", 1)]
    [InlineData("least-used", 3)]
    [InlineData("round-robin", 1)]
    [InlineData("random", 1)]
    [InlineData("weighted", 2)]
    [InlineData("quality", 1)]
    public void Who_is_expected_in_this_window_is_picked_then(string policy, int primaries)
    {
        var rotation = new Rotation(policy, primaries, 0, 1, 2, 3, 0);
        for (var i = 0; i < rotation.Facts.Length; i++)
            rotation.Facts[i] = rotation.Facts[i] with { CapacityRps = 100 * (i + 1), LatencyMs = 60 + 20 * i, SuccessPerMille = 1000 - 20 * i };
        // The third round of a window of twelve.
        for (var round = 0; round < 3; round++)
            rotation.Next();
        var next = DateTimeOffset.UnixEpoch + 3 * Interval;
        var expected = Forecast.Of(rotation.Question, rotation.Facts, rotation.Rules with { Round = 4 }, next, Interval, Window);
        Assert.DoesNotContain(null, expected);

        var came = new DateTimeOffset?[5];
        for (var round = 0; round < 9; round++)
        {
            rotation.Next();
            foreach (var place in rotation.Outcome.Turns)
                came[place] ??= next + round * Interval;
        }

        // What is left for the next window is about then only.
        Assert.Equal(came, expected.Select(one => one is { IsApproximate: false } certain ? certain.At : (DateTimeOffset?)null));
        Assert.True(came.Count(at => at is not null) >= 3, "hardly anybody was foretold");
    }

    [Fact]
    public void Asking_changes_nothing()
    {
        var rotation = new Rotation("least-used", 2, 0, 1, 2, 3);
        rotation.Next();
        var (turns, was) = (rotation.Question.Candidates.Select(candidate => candidate.Turns).ToList(), rotation.Question.Was);
        Forecast.Of(rotation.Question, rotation.Facts, rotation.Rules, DateTimeOffset.UnixEpoch, Interval, Window);
        Assert.Equal(turns, rotation.Question.Candidates.Select(candidate => candidate.Turns));
        Assert.Same(was, rotation.Question.Was);
    }

    [Fact]
    public void Nobody_is_expected_while_the_slot_is_held_or_pinned_nor_one_who_may_not_be_picked()
    {
        var rotation = new Rotation("least-used", 1, 0, 1, 2);
        rotation.Next();
        rotation.Judge(1, Usability.No);
        var expected = Forecast.Of(rotation.Question, rotation.Facts, rotation.Rules, DateTimeOffset.UnixEpoch, Interval, Window);
        Assert.Equal([true, false, true], expected.Select(one => one is not null));
        rotation.Question.Hold = 0;
        Assert.All(Forecast.Of(rotation.Question, rotation.Facts, rotation.Rules, DateTimeOffset.UnixEpoch, Interval, Window), Assert.Null);
        rotation.Question.Hold = -1;
        rotation.Question.Pins = [new Pin(0, 0, Force: false)];
        Assert.All(Forecast.Of(rotation.Question, rotation.Facts, rotation.Rules, DateTimeOffset.UnixEpoch, Interval, Window), Assert.Null);
    }
}
