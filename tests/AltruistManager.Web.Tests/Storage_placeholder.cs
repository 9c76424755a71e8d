namespace AltruistManager.Web.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void True_is_true() => Assert.True(true);
}
