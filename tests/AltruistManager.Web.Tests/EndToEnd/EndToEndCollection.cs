namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>These tests run nodes, a browser and the service on the clock of the wall: one at a time, in a run of their own that others make way for (eng/test.sh).</summary>
[Trait("Category", "EndToEnd")]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "End to end";
}
